// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

import java.util.ArrayList;
import java.util.List;

/** Runs out of heap, and goes on. */
public final class OutOfMemory {
    public static void main(String[] args) {
        List<byte[]> held = new ArrayList<>();
        try {
            while (true) {
                held.add(new byte[1 << 20]);
            }
        } catch (OutOfMemoryError e) {
            held.clear();
            System.out.println("gone on");
        }
    }
}
