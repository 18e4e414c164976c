// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// MergeOptions makes options what stands in a container's environment variable,
// the channel, in place of previous, which an earlier pass put there. New options
// go before the user's. Empty options take previous out again.
//
// The user's own value stays whatever it comes from, and so does that of every
// other variable, as a kubelet resolves them (makeEnvironmentVariables in
// k8s.io/kubernetes/pkg/kubelet/kubelet_pods.go): entries count in their order,
// each may refer to those above it by $(NAME), any of them counts more than
// envFrom, an optional reference that leads nowhere is passed over, and a $(NAME)
// of no variable stays as it is, which ends a JVM. So:
//
//   - A literal value is added to where it stands, unless entries below it refer
//     to the channel: then the options and $(channel) follow at the end.
//   - An entry with a valueFrom gets a private name, and the channel becomes the
//     options and $(private name), at the end.
//   - For each envFrom that may bring the channel the private name gets an
//     optional reference to that one key, in their order.
//   - Where the private name may end up without a value, an empty one comes
//     first. Entries of the same name one after another are what makes the last
//     one that exists count.
//   - Where an entry of the user's is needed under both names, because others
//     refer to it, it stays and a copy before it has the private name.
func (e *Editor) MergeOptions(container, channel, previous, options string) {
	c, base := e.find(container)
	if c == nil || options == "" && previous == "" {
		return
	}
	l := envList{e: e, c: c, base: base}
	i := indexEnv(c, channel)
	switch {
	case i < 0 || !isLiteral(&c.Env[i]):
		// What an earlier pass wrote is gone with the literal value.
		if options != "" {
			l.mergeUnseen(i, channel, options)
		}
	case options == "":
		l.takeOut(l.secure(i, channel), channel, previous)
	default:
		i = l.secure(i, channel)
		value := c.Env[i].Value
		if RemoveOptions(value, previous) == value && l.referredBelow(i, channel) {
			l.add(corev1.EnvVar{Name: channel, Value: joinWords("", options, reference(channel))})
			return
		}
		l.setValue(i, MergeOptions(value, previous, options))
	}
}

// DropPrivate removes what MergeOptions added to a container for a channel and
// the channel no longer refers to: the user has since written it anew.
func (e *Editor) DropPrivate(container, channel string) {
	c, base := e.find(container)
	if c == nil {
		return
	}
	l := envList{e: e, c: c, base: base}
	for i := len(c.Env) - 1; i >= 0; i-- {
		if name := c.Env[i].Name; isPrivate(name, channel) && !l.referred(name) {
			l.remove(i)
		}
	}
}

// mergeUnseen merges options into a channel whose value is not in the pod. i is
// the channel's last entry, with a valueFrom, or -1.
func (l envList) mergeUnseen(i int, channel, options string) {
	fromKeys := envFromKeys(l.c, channel)
	if i < 0 && len(fromKeys) == 0 {
		l.add(corev1.EnvVar{Name: channel, Value: options})
		return
	}
	sure := i >= 0 && !isOptional(&l.c.Env[i])
	referred := i >= 0 && l.referredBelow(i, channel)
	private := freePrivateName(l.c, channel)
	switch {
	case sure && referred:
		private = channel
	case sure:
		l.rename(i, private)
	default:
		l.define(i, channel, private, fromKeys, referred)
	}
	l.add(corev1.EnvVar{Name: channel, Value: joinWords("", options, reference(private))})
}

// define gives the private name the value that the channel has at its last
// entry, i, or without one. Every definition may lead nowhere, so all count from
// the last sure one on, or from none.
func (l envList) define(i int, channel, private string, fromKeys []*corev1.EnvVarSource, referred bool) {
	if i >= 0 && !referred && indexEnv(&corev1.Container{Env: l.c.Env[:i]}, channel) < 0 {
		l.rename(i, private)
		l.insert(i, defaults(private, fromKeys)...)
		return
	}
	first := len(l.c.Env)
	for ; i >= 0; i-- {
		if l.c.Env[i].Name != channel {
			continue
		}
		// Before the entry and not behind it, so that a value that refers to the
		// channel itself means the same.
		twin := *l.c.Env[i].DeepCopy()
		twin.Name = private
		l.insert(i, twin)
		if first = i; !isOptional(&twin) {
			return
		}
	}
	l.insert(first, defaults(private, fromKeys)...)
}

// defaults are the first entries of a private name that may have no value
// otherwise.
func defaults(private string, fromKeys []*corev1.EnvVarSource) []corev1.EnvVar {
	out := []corev1.EnvVar{{Name: private}}
	for _, from := range fromKeys {
		out = append(out, corev1.EnvVar{Name: private, ValueFrom: from})
	}
	return out
}

// secure makes sure that the private name in the channel's literal value, if
// there is one, has a value whatever becomes of its references, also where the
// container has got an envFrom or lost an entry since. It returns where the
// channel's entry then is.
func (l envList) secure(i int, channel string) int {
	private, ok := privateIn(l.c.Env[i].Value, channel)
	if !ok {
		return i
	}
	wanted := defaults(private, envFromKeys(l.c, channel))
	var have, stale []int
	for j := range i {
		env := &l.c.Env[j]
		if env.Name != private {
			continue
		}
		isDefault := isLiteral(env) && env.Value == "" && !l.isTwin(j, channel)
		if !isDefault && !isOptional(env) {
			return i
		}
		if isDefault || sameAsAny(env, wanted) {
			stale = append(stale, j)
		}
		have = append(have, j)
	}
	if l.startWith(have, wanted) {
		return i
	}
	for _, j := range slices.Backward(stale) {
		l.remove(j)
		i--
	}
	at := 0
	for at < i && l.c.Env[at].Name != private {
		at++
	}
	l.insert(at, wanted...)
	return i + len(wanted)
}

// takeOut takes previous out of the channel's last entry, i, and gives the
// channel its own definition back where nothing else was added to it.
func (l envList) takeOut(i int, channel, previous string) {
	value := RemoveOptions(l.c.Env[i].Value, previous)
	private, _ := privateIn(value, channel)
	above := indexEnv(&corev1.Container{Env: l.c.Env[:i]}, channel) >= 0
	switch {
	case private != "" && value == reference(private):
		l.giveBack(i, channel, private)
	case value == reference(channel) && above:
		l.remove(i)
	default:
		l.e.SetOptions(l.c.Name, channel, value)
	}
}

// giveBack undoes mergeUnseen, which made the channel's last entry, i.
func (l envList) giveBack(i int, channel, private string) {
	l.remove(i)
	var have []int
	for j := range i {
		if l.c.Env[j].Name == private {
			have = append(have, j)
		}
	}
	own := 0
	if wanted := defaults(private, envFromKeys(l.c, channel)); l.startWith(have, wanted) {
		own = len(wanted)
	}
	for k, j := range slices.Backward(have) {
		if k < own || l.isTwin(j, channel) {
			l.remove(j)
		} else {
			l.rename(j, channel)
		}
	}
}

// startWith reports whether the entries at these places start with the wanted
// ones.
func (l envList) startWith(places []int, wanted []corev1.EnvVar) bool {
	if len(places) < len(wanted) {
		return false
	}
	for k := range wanted {
		if !equality.Semantic.DeepEqual(wanted[k], l.c.Env[places[k]]) {
			return false
		}
	}
	return true
}

// isTwin reports whether the j-th entry is the copy of the channel's below it.
func (l envList) isTwin(j int, channel string) bool {
	if j+1 == len(l.c.Env) || l.c.Env[j+1].Name != channel {
		return false
	}
	below := l.c.Env[j+1]
	below.Name = l.c.Env[j].Name
	return equality.Semantic.DeepEqual(below, l.c.Env[j])
}

func sameAsAny(env *corev1.EnvVar, wanted []corev1.EnvVar) bool {
	for k := range wanted {
		if equality.Semantic.DeepEqual(wanted[k], *env) {
			return true
		}
	}
	return false
}

// referredBelow reports whether an entry below the i-th refers to the variable.
func (l envList) referredBelow(i int, name string) bool {
	for j := i + 1; j < len(l.c.Env); j++ {
		if refersTo(l.c.Env[j].Value, name) {
			return true
		}
	}
	return false
}

// referred reports whether any entry refers to the variable.
func (l envList) referred(name string) bool { return l.referredBelow(-1, name) }
