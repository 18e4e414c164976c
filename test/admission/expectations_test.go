// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import "github.com/evenkeel/evenkeel/webhooks/mutate"

// jvms says what becomes of containers, in pairs.
func jvms(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// ours begins the options that Evenkeel adds when it sets a heap.
const ours = "-XX:MaxRAMPercentage="

// corpus says what each pod in testdata must come to.
var corpus = map[string]want{
	// Services as charts write them.
	"spring-boot": {restricted: true, jvm: jvms("orders", "heap"), token: "removed",
		options: jvms("orders JAVA_TOOL_OPTIONS", ours+"...-XX:+IgnoreUnrecognizedVMOptions")},
	"spring-boot-tool-options": {jvm: jvms("orders", "heap"), token: "removed", options: jvms("orders JAVA_TOOL_OPTIONS",
		ours+"... -Dfile.encoding=UTF-8  -XX:+UseStringDeduplication -Dspring.application.name='order service'")},
	"spring-boot-env-from": {jvm: jvms("orders", "heap OptionsByEnvFrom"), token: "removed",
		options: jvms("orders JAVA_TOOL_OPTIONS", ours+"...)")},
	"spring-boot-value-from": {jvm: jvms("orders", "heap OptionsByValueFrom"), token: "removed",
		options: jvms("orders JAVA_TOOL_OPTIONS", ours+"...)"), warnings: []string{"valueFrom"}},
	"spring-boot-script": {jvm: jvms("billing", "UserHeapFlags"), token: "removed",
		options: jvms("billing JAVA_OPTS", "-Xms512m -Xmx768m -XX:+UseG1GC", "billing JAVA_TOOL_OPTIONS", "-XX:ActiveProcessorCount=1...")},
	"spring-boot-script-without-heap": {jvm: jvms("billing", "heap"), token: "removed"},
	"spring-boot-buildpack":           {restricted: true, jvm: jvms("catalogue", "SelfSizer"), token: "removed"},
	"spring-boot-run-java":            {jvm: jvms("stock", "SelfSizer"), token: "removed"},
	"spring-boot-jib":                 {restricted: true, jvm: jvms("search", "heap OptionsInFile"), token: "removed"},
	"spring-boot-jaz":                 {jvm: jvms("prices", "SelfSizer"), token: "removed", options: jvms("prices JAVA_TOOL_OPTIONS", "")},
	"spring-boot-exec-form-heap":      {jvm: jvms("carts", "UserHeapFlags"), token: "removed"},
	"spring-boot-percentage":          {jvm: jvms("carts", "UserHeapFlags"), token: "removed"},
	"quarkus-small":                   {jvm: jvms("quotes", "heap HeapAtFloor"), token: "removed", warnings: []string{"floor"}},
	"tiny-limit":                      {jvm: jvms("pings", "LimitTooSmall"), token: "removed", warnings: []string{"too small"}},
	"no-limits":                       {jvm: jvms("admin", "NoMemoryLimit"), token: "removed", warnings: []string{"resources.limits.memory"}},
	"large": {jvm: jvms("pricing-engine", "heap"), token: "removed",
		options: jvms("pricing-engine JAVA_TOOL_OPTIONS", ours+"80.0 -XX:MinRAMPercentage=80.0 -XX:ActiveProcessorCount=8...")},
	"python":        {restricted: true, jvm: jvms("recommend", "heap"), token: "removed"},
	"reverse-proxy": {jvm: jvms("storefront", "heap"), token: "removed", options: jvms("nginx JAVA_TOOL_OPTIONS", "")},

	// Application servers.
	"tomcat-catalina-opts": {jvm: jvms("portal", "UserHeapFlags"), token: "removed"},
	"tomcat-uav":           {jvm: jvms("portal", "heap"), agents: jvms("portal", "uav"), token: "removed"},
	"tomcat-uav-jdk17":     {jvm: jvms("portal", "heap"), token: "removed", warnings: []string{"does not work with this JDK"}},
	"tomcat-catalina-channel": {jvm: jvms("portal", "heap"), agents: jvms("portal", "uav"), token: "removed",
		options: jvms("portal CATALINA_OPTS", "-... -Djava.awt.headless=true", "portal JAVA_TOOL_OPTIONS", "")},
	"jetty":          {jvm: jvms("intranet", "heap"), token: "removed"},
	"wildfly":        {jvm: jvms("wildfly", "UserHeapFlags"), token: "removed"},
	"liberty-openj9": {jvm: jvms("claims", "SelfSizer"), token: "removed", options: jvms("claims JAVA_TOOL_OPTIONS", "")},

	// Infrastructure that runs on Java.
	"kafka": {restricted: true, jvm: jvms("kafka", "UserHeapFlags", "jmx-exporter", "UserHeapFlags"), token: "removed",
		options: jvms("kafka KAFKA_HEAP_OPTS", "-Xmx1024m -Xms1024m")},
	"kafka-strimzi": {jvm: jvms("kafka", "UserHeapFlags"), token: "removed"},
	"kafka-connect": {jvm: jvms("connect", "UserHeapFlags"), token: "removed"},
	"zookeeper":     {restricted: true, jvm: jvms("zookeeper", "UserHeapFlags"), token: "removed"},
	"elasticsearch": {restricted: true, jvm: jvms("elasticsearch", "UserHeapFlags"), token: "removed",
		options: jvms("elasticsearch ES_JAVA_OPTS", "-Xms2g -Xmx2g")},
	"elasticsearch-own-sizing": {jvm: jvms("elasticsearch", "SelfSizer"), token: "removed"},
	"opensearch":               {jvm: jvms("opensearch", "UserHeapFlags"), token: "removed"},
	"logstash":                 {jvm: jvms("logstash", "UserHeapFlags"), token: "removed"},
	"flink-jobmanager":         {jvm: jvms("flink-main-container", "UserHeapFlags"), token: "kept"},
	"flink-taskmanager":        {jvm: jvms("flink-main-container", "UserHeapFlags"), token: "removed"},
	"flink-standalone":         {jvm: jvms("taskmanager", "SelfSizer"), token: "removed"},
	"spark-driver":             {jvm: jvms("spark-kubernetes-driver", "heap"), token: "kept"},
	"spark-executor":           {jvm: jvms("spark-kubernetes-executor", "UserHeapFlags"), token: "removed"},
	"jenkins-controller": {jvm: jvms("jenkins", "heap", "config-reload", "NoMemoryLimit"), token: "kept",
		warnings: []string{"resources.limits.memory"}},
	"jenkins-agent":    {jvm: jvms("jnlp", "heap", "maven", "UserHeapFlags"), token: "removed"},
	"cassandra":        {jvm: jvms("cassandra", "UserHeapFlags"), token: "removed"},
	"solr":             {jvm: jvms("solr", "UserHeapFlags"), token: "removed"},
	"neo4j":            {jvm: jvms("neo4j", "UserHeapFlags"), token: "removed"},
	"keycloak":         {restricted: true, jvm: jvms("keycloak", "UserHeapFlags"), token: "removed"},
	"sonarqube":        {jvm: jvms("sonarqube", "UserHeapFlags"), token: "removed"},
	"nexus":            {jvm: jvms("nexus", "UserHeapFlags"), token: "removed"},
	"hazelcast":        {jvm: jvms("hazelcast", "UserHeapFlags"), token: "removed"},
	"activemq-artemis": {jvm: jvms("artemis", "UserHeapFlags"), token: "removed"},
	"pulsar-broker":    {jvm: jvms("pulsar-broker", "heap OptionsByEnvFrom"), token: "removed"},
	"trino":            {jvm: jvms("trino-coordinator", "heap"), token: "removed"},
	"nifi":             {jvm: jvms("nifi", "UserHeapFlags"), token: "removed"},

	// Pods that other webhooks have been at.
	"istio-injected":       {jvm: jvms("orders", "heap"), token: "removed", options: jvms("istio-proxy JAVA_TOOL_OPTIONS", "")},
	"istio-native-sidecar": {jvm: jvms("orders", "heap"), token: "removed", options: jvms("istio-proxy JAVA_TOOL_OPTIONS", "")},
	"linkerd-injected":     {jvm: jvms("orders", "heap"), token: "removed", options: jvms("linkerd-proxy JAVA_TOOL_OPTIONS", "")},
	"otel-injected": {jvm: jvms("orders", "heap"), token: "removed",
		options: jvms("orders JAVA_TOOL_OPTIONS", ours+"... -javaagent:/otel-auto-instrumentation-java-orders/javaagent.jar")},
	"otel-injected-and-asked": {jvm: jvms("orders", "heap"), token: "removed", warnings: []string{"starts this agent itself"}},
	"datadog-injected":        {jvm: jvms("orders", "heap"), token: "removed"},
	"vault-injected":          {jvm: jvms("payments", "heap"), token: "kept", warnings: []string{"Vault agent injector"}},

	// Kinds of workloads and of containers.
	"job":                            {jvm: jvms("settle", "heap"), agents: jvms("settle", "otel"), token: "removed"},
	"cron-job":                       {jvm: jvms("nightly", "heap"), agents: jvms("nightly", "otel"), token: "removed"},
	"migration-init-container":       {jvm: jvms("orders", "heap"), token: "removed", options: jvms("migrate JAVA_TOOL_OPTIONS", "")},
	"migration-init-container-named": {jvm: jvms("orders", "heap", "migrate", "heap"), token: "removed"},
	"native-sidecar-java": {jvm: jvms("portal", "heap", "monitoragent", "heap"),
		agents: jvms("portal", "uav"), token: "removed"},
	"pod-level-limits": {jvm: jvms("orders", "heap"), token: "removed"},
	"pod-level-limits-shared": {jvm: jvms("orders", "PodLimitShared", "worker", "PodLimitShared"), token: "removed",
		warnings: []string{"container orders", "container worker"}},
	"daemon-set": {jvm: jvms("audit", "heap"), token: "removed"},
	"windows":    {unselected: mutate.CodeWindows},
	"static-pod": {unselected: mutate.CodeMirrorPod},
	"opted-out":  {unselected: mutate.CodePodDisabled},

	// What a pod may ask for.
	"five-containers": {restricted: true, token: "removed",
		jvm:    jvms("part-a", "heap", "part-b", "heap", "part-c", "heap", "part-d", "heap", "part-e", "heap"),
		agents: jvms("part-a", "uav,otel", "part-b", "uav,otel", "part-c", "uav,otel", "part-d", "uav,otel", "part-e", "uav,otel")},
	"copied-agents": {server: "1.35.4", restricted: true, jvm: jvms("orders", "heap"), agents: jvms("orders", "uav,otel"), token: "removed"},
	"skywalking":    {jvm: jvms("orders", "heap"), agents: jvms("orders", "skywalking"), token: "removed"},
	"two-tracers":   {jvm: jvms("orders", "heap"), agents: jvms("orders", "otel"), token: "removed", warnings: []string{"conflicts with another"}},
	"unknown-agent": {jvm: jvms("orders", "heap"), token: "removed", failed: []string{"agent"}, warnings: []string{`there is no agent "otle"`}},
	"wrong-percentage": {jvm: jvms(), token: "removed", failed: []string{"jvm"},
		warnings: []string{`"120" is not a heap in percent`}},
	"launcher-channel": {jvm: jvms("orders", "heap"), token: "removed",
		options: jvms("orders JDK_JAVA_OPTIONS", ours+"... --add-opens=java.base/java.lang=ALL-UNNAMED", "orders JAVA_TOOL_OPTIONS", "")},
	"heap-dump":    {restricted: true, jvm: jvms("orders", "heap"), token: "removed"},
	"heap-percent": {jvm: jvms("orders", "heap"), token: "removed", options: jvms("orders JAVA_TOOL_OPTIONS", ours+"62.5 -XX:MinRAMPercentage=62.5...")},
	"switched-off": {jvm: jvms("orders", "JVMOff"), token: "removed", options: jvms("orders JAVA_TOOL_OPTIONS", "")},
}
