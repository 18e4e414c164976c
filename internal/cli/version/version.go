// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package version is the verb `evenkeel version`. What it prints comes from
// internal/version.
package version

import (
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/version"
)

// info is what `evenkeel version -o json` prints.
type info struct {
	// Version of Evenkeel.
	Version string `json:"version"`
	// KubernetesVersion is the release that Evenkeel builds its scheduler from.
	KubernetesVersion string `json:"kubernetesVersion"`
	GoVersion         string `json:"goVersion"`
	// Platform is the operating system and the architecture, such as linux/amd64.
	Platform string `json:"platform"`
}

// NewCommand returns the verb.
func NewCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version [-o json]",
		Short: "Print the version of Evenkeel and of the Kubernetes it is built from",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Badf("unexpected argument %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			switch output {
			case "":
				_, err = fmt.Fprintln(cmd.OutOrStdout(), version.String("evenkeel"))
			case "json":
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(info{
					Version: version.Version, KubernetesVersion: version.KubernetesVersion,
					GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
				})
			default:
				return exit.Badf("-o %q is not known; leave it out or use -o json", output)
			}
			if err != nil {
				return fmt.Errorf("writing the version: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", `"json" for a JSON object`)
	return cmd
}
