// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate_test

import (
	"testing"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

func TestPatterns(t *testing.T) {
	for name, tc := range map[string]struct {
		list  []string
		text  string
		image bool
		want  bool
	}{
		"none":                       {text: "app"},
		"a whole text":               {list: []string{"app"}, text: "app", want: true},
		"a part of it":               {list: []string{"app"}, text: "apps"},
		"the second":                 {list: []string{"app", "web.*"}, text: "web-1", want: true},
		"either of one":              {list: []string{"a|b", "c"}, text: "b", want: true},
		"flags are for one alone":    {list: []string{"(?i)app", "web"}, text: "WEB"},
		"an image with its registry": {list: []string{"registry:5000/shop/cart"}, text: "registry:5000/shop/cart:1.2@sha256:00", image: true, want: true},
		"behind a slash":             {list: []string{"shop/cart"}, text: "registry:5000/shop/cart:1.2", image: true, want: true},
		"its last name":              {list: []string{"cart"}, text: "registry:5000/shop/cart", image: true, want: true},
		"not within a name":          {list: []string{"art"}, text: "registry:5000/shop/cart", image: true},
		"no image without patterns":  {text: "cart", image: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := mutate.NewPatterns(tc.list)
			got := p.Fit(tc.text)
			if tc.image {
				got = p.FitImage(tc.text)
			}
			if got != tc.want {
				t.Errorf("%q fits %q: %v; want %v", tc.list, tc.text, got, tc.want)
			}
		})
	}
}
