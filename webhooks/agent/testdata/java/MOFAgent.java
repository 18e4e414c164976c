// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package com.creditease.uav.monitorframework.agent;

import java.io.File;
import java.lang.instrument.Instrumentation;

/** A stand-in for UAV's agent: it looks for what UAV looks for and does nothing else. */
public final class MOFAgent {
    public static void premain(String args, Instrumentation inst) throws Exception {
        // As UAV takes a root: only where this file is.
        if (!new File(args, "com.creditease.uav/uav.properties").exists()) {
            throw new IllegalStateException("no root at " + args);
        }
        System.out.println("premain uav");
        System.out.println("root " + args);
        for (String name : new String[] {"UAV_MOF_ROOT", "IS_ULTRON"}) {
            System.out.println(name + " " + System.getenv(name));
        }
        for (String name : new String[] {"JAppID", "JAppIDPolicy", "JAppGroup", "NetCardIndex"}) {
            System.out.println(name + " " + System.getProperty(name));
        }
        for (String name : new String[] {
            "com.creditease.uav.uavmof.metapath", "com.creditease.uav.invokechain.logroot",
            "com.creditease.uav.ivcdat.logroot", "com.creditease.uav.uem.logroot"}) {
            File folder = new File(System.getProperty(name));
            System.out.println(name + " " + (new File(folder, "written").createNewFile() ? "writable" : "not empty"));
        }
        if (new File(args, "written").canWrite()) {
            throw new IllegalStateException("the root was written to");
        }
    }

    private MOFAgent() {}
}
