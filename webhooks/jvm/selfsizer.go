// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// sizer is a program that sizes the JVM which it starts.
type sizer struct {
	// name of the program, and the sign by which it was known.
	name, sign string
	// alone says that the container gets no option at all, because any would change
	// what the program does.
	alone bool
}

func (s sizer) String() string { return s.name + ": " + s.sign }

// sizerOf returns the program that sizes the JVM of a container, as far as the
// pod tells, or nil.
func sizerOf(c *corev1.Container, words []string) *sizer {
	for _, word := range words {
		if s := sizerByWord(word, c); s != nil {
			return s
		}
	}
	for _, env := range c.Env {
		if s := sizerByVariable(env.Name, env.Value); s != nil {
			return s
		}
	}
	return nil
}

// sizerByWord knows a program by a word of the command.
func sizerByWord(word string, c *corev1.Container) *sizer {
	base := path.Base(word)
	switch {
	case base == "jaz":
		// It stands down when it sees a tuning flag, also in a variable
		// (learn.microsoft.com/java/jaz/faq). With JAZ_BYPASS=1 it is plain java.
		if value, _ := podspec.LookupEnv(c, "JAZ_BYPASS"); value == "1" {
			return nil
		}
		return &sizer{name: "jaz", sign: "command " + base, alone: true}
	case base == "run-java.sh", base == "openshift-launch.sh", strings.HasSuffix(word, "/s2i/run"):
		if value, source := podspec.LookupEnv(c, "JAVA_MAX_MEM_RATIO"); source == podspec.EnvLiteral && value == "0" {
			return nil
		}
		return &sizer{name: "run-java", sign: "command " + base}
	case strings.Contains(base, "memory-calculator"):
		return &sizer{name: "the memory calculator", sign: "command " + base}
	case strings.HasPrefix(word, "/cnb/process/"), strings.HasPrefix(word, "/cnb/lifecycle/launcher"),
		strings.HasPrefix(word, "/layers/") && !strings.HasPrefix(base, "java"):
		// A java under /layers that is started by its path has no launcher before it.
		return &sizer{name: "the buildpack's memory calculator", sign: "command " + word}
	}
	return nil
}

// sizerByVariable knows a program by a variable that it alone reads.
func sizerByVariable(name, value string) *sizer {
	sign := "env " + name
	switch {
	case strings.HasPrefix(name, "JAZ_") && name != "JAZ_BYPASS":
		return &sizer{name: "jaz", sign: sign, alone: true}
	case slices.Contains(ratioVariables, name):
		// 0 switches it off.
		if value == "0" {
			return nil
		}
		return &sizer{name: "run-java", sign: sign}
	case strings.HasPrefix(name, "BPL_"), strings.HasPrefix(name, "BPI_"):
		return &sizer{name: "the buildpack's memory calculator", sign: sign}
	case name == "OPENJ9_JAVA_OPTIONS", name == "IBM_JAVA_OPTIONS":
		// It sizes by other rules, knows no MinRAMPercentage, and none of it was tried.
		return &sizer{name: "OpenJ9", sign: sign, alone: true}
	case name == "FLINK_PROPERTIES" && strings.Contains(value, "memory."):
		return &sizer{name: "Flink", sign: sign}
	}
	return nil
}

// ratioVariables are those that run-java.sh and Red Hat's images size by.
var ratioVariables = []string{"JAVA_MAX_MEM_RATIO", "JAVA_INIT_MEM_RATIO", "JAVA_INITIAL_MEM_RATIO", "CONTAINER_HEAP_PERCENT"}

// sizeVariables hold a heap size, or a list of sizes, from which a start script
// makes an -Xmx on the command line. Variables that hold options need no table:
// all are looked at.
var sizeVariables = map[string]string{
	"MAX_HEAP_SIZE":                      "Cassandra",
	"ES_HEAP_SIZE":                       "Elasticsearch 2",
	"ELASTICSEARCH_HEAP_SIZE":            "Elasticsearch, Bitnami's",
	"OPENSEARCH_HEAP_SIZE":               "OpenSearch, Bitnami's",
	"LS_HEAP_SIZE":                       "Logstash",
	"SOLR_HEAP":                          "Solr",
	"SOLR_JAVA_MEM":                      "Solr",
	"ZK_SERVER_HEAP":                     "ZooKeeper",
	"ZOO_HEAP_SIZE":                      "ZooKeeper, Bitnami's",
	"HADOOP_HEAPSIZE":                    "Hadoop 2",
	"HADOOP_HEAPSIZE_MAX":                "Hadoop 3",
	"HBASE_HEAPSIZE":                     "HBase",
	"SPARK_DRIVER_MEMORY":                "Spark",
	"SPARK_EXECUTOR_MEMORY":              "Spark",
	"SPARK_DAEMON_MEMORY":                "Spark",
	"NEO4J_dbms_memory_heap_max__size":   "Neo4j 4",
	"NEO4J_server_memory_heap_max__size": "Neo4j 5",
	"JVM_MAXIMUM_MEMORY":                 "Atlassian's products",
	"STRIMZI_DYNAMIC_HEAP_PERCENTAGE":    "Strimzi",
	"THORAS_JVM_HEAP_MEMORY_XMX":         "Thoras",
	"NIFI_JVM_HEAP_MAX":                  "NiFi",
}

// sizeVariable returns the variable with which the user sets the heap by its
// size, with its value, or "".
func sizeVariable(c *corev1.Container) string {
	for _, env := range c.Env {
		if _, ok := sizeVariables[env.Name]; ok && (env.Value != "" || env.ValueFrom != nil) {
			return "env " + env.Name
		}
	}
	return ""
}
