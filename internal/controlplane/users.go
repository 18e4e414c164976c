// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"regexp"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	// adminUser has every right, through the group that RBAC binds to cluster-admin.
	adminUser  = "evenkeel-admin"
	adminGroup = "system:masters"

	// clientQPS and clientBurst spare our clients the wait that client-go's
	// defaults, 5 and 10 requests a second, would put on them.
	clientQPS   = 1000
	clientBurst = 2000

	// tokenSeconds is how long a ServiceAccount's token lasts: a week, as
	// nothing renews the one in a kubeconfig.
	tokenSeconds = 7 * 24 * 60 * 60
)

// User is somebody the API server knows.
type User struct {
	// Name as RBAC sees it.
	Name string
	// Config is for clients in this process. It must not be changed; copy it.
	Config *rest.Config
	// Kubeconfig is the path of a file for other processes and for people.
	Kubeconfig string
}

// AddUser makes a user with a client certificate. The user has the rights that
// RBAC gives to the name and the groups, and those of system:authenticated.
func (c *ControlPlane) AddUser(name string, groups ...string) (User, error) {
	authenticated, err := c.plane.AddUser(envtest.User{Name: name, Groups: groups}, &rest.Config{QPS: clientQPS, Burst: clientBurst})
	if err != nil {
		return User{}, fmt.Errorf("add user %s: %w", name, err)
	}
	return c.saveUser(name, authenticated.Config())
}

// AddServiceAccount makes a kubeconfig with a token of a ServiceAccount that
// exists, good for a week. It has the rights that RBAC gives to that
// ServiceAccount: this is how a component runs here with what its manifests grant.
func (c *ControlPlane) AddServiceAccount(ctx context.Context, namespace, name string) (User, error) {
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		return User{}, err
	}
	seconds := int64(tokenSeconds)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return User{}, fmt.Errorf("token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	config := rest.AnonymousClientConfig(c.Config())
	config.BearerToken = token.Status.Token
	return c.saveUser("system:serviceaccount:"+namespace+":"+name, config)
}

func (c *ControlPlane) saveUser(name string, config *rest.Config) (User, error) {
	user := User{Name: name, Config: config, Kubeconfig: c.run.kubeconfig(fileName(name))}
	if err := clientcmd.WriteToFile(kubeconfigOf(name, config), user.Kubeconfig); err != nil {
		return User{}, fmt.Errorf("kubeconfig of %s: %w", name, err)
	}
	return user, nil
}

// kubeconfigOf is the kubeconfig with which clients act as the user of the config.
func kubeconfigOf(name string, config *rest.Config) clientcmdapi.Config {
	const cluster = "evenkeel"
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[cluster] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	kubeconfig.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData,
		ClientKeyData:         config.KeyData,
		Token:                 config.BearerToken,
	}
	kubeconfig.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: name}
	kubeconfig.CurrentContext = cluster
	return *kubeconfig
}

var notInFileNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// fileName is the user's name as a part of a file's name.
func fileName(user string) string { return notInFileNames.ReplaceAllString(user, "-") }
