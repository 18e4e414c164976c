// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

/** An agent that says that it was called. */
public final class OtherAgent {
    public static void premain(String args) {
        System.out.println("premain other");
    }

    private OtherAgent() {}
}
