// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	codeBlock = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	codeSpan  = regexp.MustCompile("`[^`\n]*`")
	link      = regexp.MustCompile(`\]\(([^()\s]+)\)|(?m)^\[[^\]]+\]:\s+(\S+)`)
	heading   = regexp.MustCompile(`(?m)^#{1,6} +(.*)$`)
	notInID   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinksInPagesLead checks every relative link of every Markdown file: the
// file must be there and, where the link names one, the heading too.
func TestLinksInPagesLead(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if file != root && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"bin", "testdata", "_artifacts"}, d.Name())) {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(file) != ".md" {
			return nil
		}
		for _, m := range link.FindAllStringSubmatch(withoutCode(t, file), -1) {
			to, err := url.Parse(m[1] + m[2])
			if err != nil {
				t.Errorf("%s: %q is not a link: %v", file, m[0], err)
				continue
			}
			if to.Scheme != "" {
				continue
			}
			checked++
			target := file
			if to.Path != "" {
				target = filepath.Join(filepath.Dir(file), filepath.FromSlash(to.Path))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", file, to)
			} else if to.Fragment != "" && !slices.Contains(headings(t, target), to.Fragment) {
				t.Errorf("%s links to %s: the page has no such heading", file, to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 20 {
		t.Errorf("found only %d relative links: the search is broken", checked)
	}
}

// withoutCode returns a page without its blocks and spans of code.
func withoutCode(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(string(content), ""), "code")
}

// headings returns the ids that a forge gives the headings of a page.
func headings(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(content), ""), -1) {
		ids = append(ids, strings.ReplaceAll(strings.ToLower(notInID.ReplaceAllString(m[1], "")), " ", "-"))
	}
	return ids
}
