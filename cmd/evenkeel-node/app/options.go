// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// Options are the flags.
type Options struct {
	// Config is the file with the NodeConfiguration.
	Config string
	// Socket is the runtime's NRI socket.
	Socket string
	// MetricsBindAddress serves metrics and probes, as host:port; "0" for nowhere.
	MetricsBindAddress string

	// reread is how often the file is looked at; rereadEvery if zero.
	reread time.Duration
}

func (o *Options) addFlags(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringVar(&o.Config, "config", "", "file with the NodeConfiguration (required); a change of it is picked up")
	fs.StringVar(&o.Socket, "socket", "/var/run/nri/nri.sock", "NRI socket of the container runtime")
	fs.StringVar(&o.MetricsBindAddress, "metrics-bind-address", ":8080", "host:port that serves /metrics, /metrics/containers, /healthz and /readyz; 0 for none")
}

// check checks the values.
func (o *Options) check() error {
	if o.Config == "" {
		return errors.New("--config is missing: name the file with the NodeConfiguration")
	}
	if !filepath.IsAbs(o.Socket) {
		return fmt.Errorf("--socket %q: must be an absolute path, such as /var/run/nri/nri.sock", o.Socket)
	}
	if o.MetricsBindAddress == "0" {
		return nil
	}
	_, text, err := net.SplitHostPort(o.MetricsBindAddress)
	if err != nil {
		return fmt.Errorf("--metrics-bind-address %q: must be host:port, such as :8080 or 127.0.0.1:8080", o.MetricsBindAddress)
	}
	if port, err := strconv.Atoi(text); err != nil || port < 0 || port > 65535 {
		return fmt.Errorf("--metrics-bind-address %q: the port must be between 0 and 65535", o.MetricsBindAddress)
	}
	return nil
}
