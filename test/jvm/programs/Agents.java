// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;

/** Small agents that print what they find, and an application that they can be loaded into. */
public final class Agents {
    /** The application. With the argument jps it prints what jps -v says of it. */
    public static void main(String[] args) throws Exception {
        System.out.println("main " + new Probe());
        if (args.length > 0 && args[0].equals("jps")) {
            Process jps = new ProcessBuilder(System.getProperty("java.home") + "/bin/jps", "-v").start();
            try (BufferedReader in = new BufferedReader(new InputStreamReader(jps.getInputStream()))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    System.out.println(line);
                }
            }
        }
    }

    /** A class that agents look at. */
    public static final class Probe {
        @Override
        public String toString() {
            return "loaded";
        }
    }

    /** Stands in for UAV: it finds its root and its folders as UAV does. */
    public static final class Uav {
        public static void premain(String args) {
            print("uav", args);
            // As MOFAgent.getMOFRoot: a root is one that has this file.
            print("root", new File(args, "com.creditease.uav/uav.properties").isFile());
            print("root writable", writable(args));
            for (String name : new String[] {"UAV_MOF_ROOT", "IS_ULTRON"}) {
                print(name, System.getenv(name));
            }
            for (String name : new String[] {"JAppID", "JAppIDPolicy", "JAppGroup", "NetCardIndex"}) {
                print(name, System.getProperty(name));
            }
            for (String name : new String[] {"uavmof.metapath", "invokechain.logroot", "ivcdat.logroot", "uem.logroot"}) {
                print(name + " writable", writable(System.getProperty("com.creditease.uav." + name)));
            }
        }
    }

    /** Stands in for OpenTelemetry. */
    public static final class Otel {
        public static void premain(String args) {
            print("otel", args);
            print("OTEL_SERVICE_NAME", System.getenv("OTEL_SERVICE_NAME"));
        }
    }

    /** An agent that fails, as UAV does without a home. */
    public static final class Throwing {
        public static void premain(String args) {
            throw new NullPointerException("no home");
        }
    }

    /** An agent whose transformer answers with no bytes, as UAV's TtlTransformer. */
    public static final class Emptying {
        public static void premain(String args, Instrumentation instrumentation) {
            instrumentation.addTransformer(new ClassFileTransformer() {
                @Override
                public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
                    return new byte[0];
                }
            });
        }
    }

    /** An agent that prints the size of the class it is given. */
    public static final class Counting {
        public static void premain(String args, Instrumentation instrumentation) {
            instrumentation.addTransformer(new ClassFileTransformer() {
                @Override
                public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
                    if ("Agents$Probe".equals(name)) {
                        print("bytes", bytes.length);
                    }
                    return null;
                }
            });
        }
    }

    private static void print(String name, Object value) {
        System.out.println(name + " = " + value);
    }

    private static boolean writable(String folder) {
        try {
            return folder != null && File.createTempFile("probe", null, new File(folder)).delete();
        } catch (IOException e) {
            return false;
        }
    }
}
