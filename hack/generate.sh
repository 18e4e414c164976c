#!/usr/bin/env bash
# Regenerates everything that is generated, in place.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tool() { go tool -modfile=hack/tools/go.mod "$@"; }

echo "deepcopy of the plugin args"
tool deepcopy-gen --go-header-file hack/boilerplate.go.txt --output-file zz_generated.deepcopy.go ./api/config ./api/config/v1

echo "the scheduler's configuration in place of kube-scheduler"
base=manifests/base/scheduler/config.yaml
in_place=manifests/overlays/in-place/config.yaml
static_pod=manifests/kubeadm/evenkeel-scheduler.yaml
{
	echo "# Made from $base by make generate: other names of scheduler and lease."
	sed -E \
		-e 's/^(- schedulerName:) evenkeel-scheduler$/\1 default-scheduler/' \
		-e 's/^(  resourceName:) evenkeel-scheduler$/\1 kube-scheduler/' \
		-e 's/^(  resourceNamespace:) evenkeel-system$/\1 kube-system/' "$base"
} >"$in_place"
{
	echo "# Made from $in_place by make generate: with kubeadm's kubeconfig."
	sed -E -e 's/^clientConnection:$/&\n  kubeconfig: \/etc\/kubernetes\/scheduler.conf/' "$in_place"
} >"$static_pod"

echo "the reference pages"
go run ./hack/docgen docs/reference
