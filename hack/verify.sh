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
	for m in hack/tools hack/controlplane; do (cd "$m" && go mod tidy); done
)

stale=0
while IFS= read -r -d '' f; do
	if [[ -e $f ]] && ! cmp -s "$f" "$copy/$f"; then
		echo "verify: $f is stale: run make generate, or go mod tidy in its folder" >&2
		diff -u "$f" "$copy/$f" | head -20 >&2 || true
		stale=1
	fi
done < <(git ls-files -z --cached --others --exclude-standard)
exit "$stale"
