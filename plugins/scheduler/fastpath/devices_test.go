// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"
)

// TestExtendedResourcesOfDeviceClassesAreLeftAlone has two extended resources: one
// that the nodes have, and one that stands for the devices of a DeviceClass
// (DRAExtendedResource, always on since v1.37), of which one node has some.
func TestExtendedResourcesOfDeviceClassesAreLeftAlone(t *testing.T) {
	withoutDevices := strings.Replace(fmt.Sprintf(profileText, 8, ""), "      disabled:\n", "      disabled:\n      - name: DynamicResources\n", 1)
	for name, tc := range map[string]struct {
		resource corev1.ResourceName
		config   string
		want     reason
		wantNode string
		wantErr  string
	}{
		"neither":                   {want: placed},
		"a resource of the nodes":   {resource: "example.com/fpga", want: placed},
		"devices of a class":        {resource: "example.com/accelerator", want: devices, wantNode: "node-042"},
		"neither knows of it":       {resource: "example.com/unknown", want: noneFits, wantErr: "Insufficient example.com/unknown"},
		"no devices in the profile": {config: withoutDevices, want: placed},
	} {
		t.Run(name, func(t *testing.T) {
			config := tc.config
			if config == "" {
				config = fmt.Sprintf(profileText, 8, "")
			}
			client := fake.NewClientset(
				&resourcev1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: "accelerators"}, Spec: resourcev1.DeviceClassSpec{ExtendedResourceName: ptr.To("example.com/accelerator")}},
				&resourcev1.ResourceSlice{ObjectMeta: metav1.ObjectMeta{Name: "of-node-042"}, Spec: resourcev1.ResourceSliceSpec{
					Driver: "accelerators.example.com", NodeName: ptr.To("node-042"),
					Pool:    resourcev1.ResourcePool{Name: "node-042", Generation: 1, ResourceSliceCount: 1},
					Devices: []resourcev1.Device{{Name: "one"}},
				}},
			)
			h := newHallWith(t, client, withDevices(200, 4), 0, config)
			pod := testPod().Obj()
			if tc.resource != "" {
				pod.Spec.Containers[0].Resources.Requests[tc.resource] = resource.MustParse("1")
			}
			before := counted(t, tc.want)
			result, err := h.schedule(t, pod)
			if got := counted(t, tc.want) - before; got != 1 {
				t.Errorf("%s was counted %v times, want 1", tc.want, got)
			}
			switch {
			case tc.wantErr != "":
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("got error %v, want one with %q", err, tc.wantErr)
				}
			case err != nil:
				t.Error(err)
			case tc.wantNode != "" && result.SuggestedHost != tc.wantNode:
				t.Errorf("the pod is on %s, want %s", result.SuggestedHost, tc.wantNode)
			}
		})
	}
}
