// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/test/differential/world"
)

// fail ends the test with a difference, how to see it again, and the file that has
// the cluster.
func (d *duel) fail(pod *corev1.Pod, found difference) {
	d.Helper()
	objects, about := d.objects(), "the cluster"
	if pod != nil {
		var shrunk bool
		if objects, shrunk = d.shrink(objects, pod, *shrink); shrunk {
			about = "a smaller cluster in which the two differ as well"
		}
	}
	d.Fatalf("case %d: %s: the profiles differ in %s:\n%s\nagain: go test ./test/differential -args -seed %d -case %d\n%s: %s",
		d.number(), nameOf(pod), found.what, found.diff, *seed, d.number(), about, d.dump(objects))
}

func nameOf(pod *corev1.Pod) string {
	if pod == nil {
		return "before the pod"
	}
	return fmt.Sprintf("pod %s/%s", pod.Namespace, pod.Name)
}

// objects returns the cluster as both schedulers know it: with the nodes of pods
// whose binding they have not seen.
func (d *duel) objects() []world.Object {
	objects := d.world.Objects()
	for i, object := range objects {
		for _, h := range d.held {
			if object.GetUID() == h.pod.UID {
				pod := h.pod.DeepCopy()
				pod.Spec.NodeName = h.node
				objects[i] = pod
			}
		}
	}
	return objects
}

// dump writes objects to a file and returns its name.
func (d *duel) dump(objects []world.Object) string {
	text, err := world.YAML(objects...)
	if err != nil {
		return err.Error()
	}
	file, err := os.CreateTemp("", "differential-*.yaml")
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		return err.Error()
	}
	return file.Name()
}
