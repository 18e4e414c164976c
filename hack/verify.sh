#!/usr/bin/env bash
# Fails when generated files, module files or formatting are not fresh. It works
# on a copy, so it neither needs nor leaves a clean tree.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# What git tracks, and what it would track.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do
	if [[ -e $f ]]; then printf '%s\0' "$f"; fi
done | tar --null -cf - -T - | tar -xf - -C "$copy"

(
	cd "$copy"
	echo "verify: generated files"
	hack/generate.sh >/dev/null
	echo "verify: module files"
	go mod tidy
	for m in hack/tools hack/controlplane hack/plot test/node/programs/containerd test/node/programs/kubelet; do (cd "$m" && go mod tidy); done
)

# Both ways: what differs or is gone, and what came to be.
stale=0
complain() {
	echo "verify: $1 is stale: run make generate, or go mod tidy in its folder" >&2
	stale=1
}
while IFS= read -r -d '' f; do
	if [[ ! -e $f ]]; then continue; fi
	if ! cmp -s "$f" "$copy/$f"; then
		complain "$f"
		diff -u "$f" "$copy/$f" 2>&1 | head -20 >&2 || true
	fi
done < <(git ls-files -z --cached --others --exclude-standard)
while IFS= read -r -d '' f; do
	f=${f#"$copy/"}
	if [[ ! -e $f ]]; then complain "$f"; fi
done < <(find "$copy" -type f -print0)
exit "$stale"
