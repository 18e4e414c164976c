// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/rbacview"
	"github.com/evenkeel/evenkeel/webhooks/satoken"
)

// liveOptions are the flags that speak of a pod of a cluster.
type liveOptions struct {
	pod, namespace string
	config         string
	kubeconfig     string
	context        string
}

// found is what was asked of the cluster.
type found struct {
	// server is its address.
	server string
	pod    *corev1.Pod
	// labels of the namespace; nil where they may not be read.
	labels map[string]string
	// version of the API server; nil where it does not tell.
	version *version.Version

	client kubernetes.Interface
}

// find asks the cluster for the pod and what admission knows besides it.
func (o *liveOptions) find(ctx context.Context) (*found, error) {
	name, err := podName(o.pod)
	if err != nil {
		return nil, err
	}
	client, namespace, server, err := o.connect()
	if err != nil {
		return nil, err
	}
	out := &found{server: server, client: client}
	out.pod, err = client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, exit.Badf("there is no pod %s in namespace %s of %s; name another, or its namespace with -n", name, namespace, server)
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return nil, fmt.Errorf("reading pod %s/%s: not allowed; docs/explain.md has the rights that are needed: %w", namespace, name, err)
	case err != nil:
		return nil, fmt.Errorf("reading pod %s/%s: %w", namespace, name, err)
	}
	ns, err := client.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
	switch {
	case err == nil:
		out.labels = ns.Labels
		if out.labels == nil {
			out.labels = map[string]string{}
		}
	case !apierrors.IsForbidden(err):
		return nil, fmt.Errorf("reading namespace %s: %w", namespace, err)
	}
	info, err := client.Discovery().ServerVersion()
	switch {
	case err == nil:
		// A version that cannot be read is as good as none.
		out.version, _ = version.ParseGeneric(info.GitVersion)
	case errors.Is(err, context.Canceled):
		return nil, err
	}
	return out, nil
}

// rightsPatience bounds the wait for the bindings of RBAC, of which a large cluster
// has some thousands.
const rightsPatience = 20 * time.Second

// rights reads the bindings of RBAC as the webhook does. It returns nil where they
// may not be read, or not in time.
func (f *found) rights(ctx context.Context) (satoken.Rights, error) {
	view, err := rbacview.New(f.client)
	if err != nil {
		return nil, err
	}
	// That they may not be read is part of the answer, and no news for a log.
	quiet, stop := context.WithCancel(klog.NewContext(ctx, logr.Discard()))
	defer stop()
	view.Start()
	go func() { _ = view.Run(quiet) }()
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, rightsPatience, true, func(context.Context) (bool, error) {
		return view.HasSynced() || view.Forbidden() != nil, nil
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil, !view.HasSynced():
		return nil, nil
	}
	return view, nil
}

// connect returns a client for the cluster of the kubeconfig, the namespace of the
// flags or of its context, and the server's address.
func (o *liveOptions) connect() (kubernetes.Interface, string, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: o.context})
	config, err := loader.ClientConfig()
	switch {
	case clientcmd.IsEmptyConfig(err):
		return nil, "", "", exit.Badf("there is no kubeconfig that names a cluster; name one with --kubeconfig, or a file with -f")
	case err != nil && o.kubeconfig != "":
		return nil, "", "", exit.Badf("--kubeconfig %s: %w", o.kubeconfig, err)
	case err != nil:
		return nil, "", "", exit.Badf("reading the kubeconfig: %w", err)
	}
	namespace := o.namespace
	if namespace == "" {
		if namespace, _, err = loader.Namespace(); err != nil {
			return nil, "", "", exit.Badf("reading the kubeconfig: %w", err)
		}
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, "", "", fmt.Errorf("making a client for %s: %w", config.Host, err)
	}
	return client, namespace, config.Host, nil
}

// podName reads the argument POD, which may be as kubectl get -o name prints it.
func podName(argument string) (string, error) {
	kind, name, ok := strings.Cut(argument, "/")
	switch {
	case ok && kind != "pod" && kind != "pods" && kind != "po":
		return "", exit.Badf("%q is not a pod; name one, such as my-pod -n my-namespace, or a file with -f", argument)
	case ok:
	case slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(argument)):
		return "", exit.Badf("%q looks like a file; name it with -f, such as -f %s", argument, argument)
	default:
		name = argument
	}
	if errs := validation.IsDNS1123Subdomain(name); len(errs) > 0 {
		return "", exit.Badf("%q is not a pod's name; name one, such as my-pod -n my-namespace, or a file with -f", argument)
	}
	return name, nil
}
