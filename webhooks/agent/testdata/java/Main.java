// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

/** An application. */
public final class Main {
    public static void main(String[] args) {
        System.out.println("main");
    }

    private Main() {}
}
