// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

func TestMergeOptions(t *testing.T) {
	for name, tc := range map[string]struct{ current, previous, fragment, want string }{
		"into nothing":                     {fragment: "-Xa", want: "-Xa"},
		"before the user's":                {current: "-Du", fragment: "-Xa", want: "-Xa -Du"},
		"in place of the earlier":          {current: "-Dx -Xa -Xb -Du", previous: "-Xa -Xb", fragment: "-Xc", want: "-Dx -Xc -Du"},
		"the same":                         {current: "-Xa -Du", previous: "-Xa", fragment: "-Xa", want: "-Xa -Du"},
		"earlier is part of a longer word": {current: "-Xab -Du", previous: "-Xa", fragment: "-Xc", want: "-Xc -Xab -Du"},
		"earlier is gone":                  {current: "-Du", previous: "-Xa", fragment: "-Xc", want: "-Xc -Du"},
		"taken out in front":               {current: "-Xa -Du", previous: "-Xa", want: "-Du"},
		"taken out in the middle":          {current: "-Dx -Xa -Du", previous: "-Xa", want: "-Dx -Du"},
		"taken out at the end":             {current: "-Dx -Xa", previous: "-Xa", want: "-Dx"},
		"taken out alone":                  {current: "-Xa", previous: "-Xa", want: ""},
		"quoted white space stays":         {current: "-Xa  '-Du=a  b'", previous: "-Xa", fragment: "-Xc", want: "-Xc  '-Du=a  b'"},
		"leading white space stays":        {current: " -Du", fragment: "-Xa", want: "-Xa -Du"},
		"tabs and lines":                   {current: "-Dx\t-Xa\n-Du", previous: "-Xa", fragment: "-Xc", want: "-Dx\t-Xc\n-Du"},
	} {
		t.Run(name, func(t *testing.T) {
			got := podspec.MergeOptions(tc.current, tc.previous, tc.fragment)
			if got != tc.want {
				t.Errorf("merged to %q; want %q", got, tc.want)
			}
			if again := podspec.MergeOptions(got, tc.fragment, tc.fragment); tc.fragment != "" && again != got {
				t.Errorf("merged again to %q; want %q", again, got)
			}
		})
	}
}

// FuzzMergeOptions: a fragment replaces itself without a trace, is found by its
// fingerprint, and what is taken out leaves the user's words.
func FuzzMergeOptions(f *testing.F) {
	for _, current := range []string{"", "-Du", " -Du ", "-Xa -Du", "-Xab", "\t", "'-Da=b  c'", "-Xa -Xa"} {
		f.Add(current, "-Xa", "-Xb -Xc")
	}
	f.Fuzz(func(t *testing.T, current, first, second string) {
		first, second = words(first), words(second)
		if first == "" || second == "" || strings.Contains(" "+words(current)+" ", " "+first+" ") || strings.Contains(" "+words(current)+" ", " "+second+" ") {
			t.Skip()
		}
		one := podspec.MergeOptions(current, "", first)
		if again := podspec.MergeOptions(one, first, first); again != one {
			t.Errorf("merging %q again turns %q into %q", first, one, again)
		}
		if found := podspec.FindFragment(one, podspec.Fingerprint(first)); found != first {
			t.Errorf("the fingerprint of %q finds %q in %q", first, found, one)
		}
		two := podspec.MergeOptions(one, first, second)
		if want := podspec.MergeOptions(current, "", second); two != want {
			t.Errorf("replacing %q by %q gives %q; want %q", first, second, two, want)
		}
		if left := podspec.RemoveOptions(two, second); words(left) != words(current) {
			t.Errorf("taking %q out of %q leaves %q; want the words of %q", second, two, left, current)
		}
	})
}

// words puts one space between the words of s.
func words(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\n\r\v\f", r) }), " ")
}

func TestFindFragmentOfNoFingerprint(t *testing.T) {
	for _, fingerprint := range []string{"", "#", "#:", "#0:", "#-1:00", "#999999999999999999999:0", "#3", "-Xa"} {
		if got := podspec.FindFragment("-Xa -Xb", fingerprint); got != "" {
			t.Errorf("fingerprint %q finds %q", fingerprint, got)
		}
	}
}

func TestCountOptions(t *testing.T) {
	for in, want := range map[string]int{
		"": 0, "  ": 0, "-Xa": 1, " -Xa\t-Xb\n": 2, `"-Da=b c" -Xa`: 2, `-Da='b c'd -Xa`: 2, `''`: 1, `'open -Xa`: 1,
	} {
		if got := podspec.CountOptions(in); got != want {
			t.Errorf("%q has %d options; want %d", in, got, want)
		}
	}
}

func TestTooLongForJDK8(t *testing.T) {
	for name, tc := range map[string]struct{ channel, value, want string }{
		"short":              {"JAVA_TOOL_OPTIONS", "-Xa", ""},
		"as long as may be":  {"JAVA_TOOL_OPTIONS", strings.Repeat("x", 1023), ""},
		"one byte more":      {"JAVA_TOOL_OPTIONS", strings.Repeat("x", 1024), "1024 bytes"},
		"as many as may be":  {"JAVA_TOOL_OPTIONS", strings.Repeat("x ", 64), ""},
		"one more":           {"JAVA_TOOL_OPTIONS", strings.Repeat("x ", 65), "65 options"},
		"not known to JDK 8": {"JDK_JAVA_OPTIONS", strings.Repeat("x ", 2000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := podspec.TooLongForJDK8(tc.channel, tc.value); got != tc.want {
				t.Errorf("is %q; want %q", got, tc.want)
			}
		})
	}
}

// A pod's own record may claim that an earlier pass wrote half of a value of
// megabytes: the cost must stay in proportion to the value.
func BenchmarkFindFragmentForged(b *testing.B) {
	for _, size := range []int{10_000, 100_000, 1_000_000} {
		value := strings.Repeat("x ", size/2)
		forged := podspec.Fingerprint(strings.Repeat("y ", size/4) + "y")
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				if podspec.FindFragment(value, forged) != "" {
					b.Fatal("found what is not there")
				}
			}
		})
	}
}
