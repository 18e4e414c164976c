// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.FileReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Fills the parts of a JVM's memory one after the other and prints what each came to, in bytes:
 *
 * <pre>Fill METASPACE THREADS STACK DIRECT HEAP_PERCENT</pre>
 *
 * The heap is filled with live objects to so many percent of the heap that this JVM may have. It
 * must run with -XX:CompileCommand=exclude,Deep::deep, because a compiled frame has no unused variables.
 */
public final class Fill {
    private static final List<Object> held = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        long metaspace = Long.parseLong(args[0]);
        int threads = Integer.parseInt(args[1]);
        long stack = Long.parseLong(args[2]);
        long direct = Long.parseLong(args[3]);
        long percent = Long.parseLong(args[4]);

        System.out.println("max " + Runtime.getRuntime().maxMemory());
        long before = resident();
        fillThreads(threads, stack);
        System.out.println("threads " + (resident() - before));
        System.out.println("metaspace " + fillMetaspace(metaspace));
        System.out.println("direct " + fillDirect(direct));
        System.out.println("heap " + fillHeap(percent));
        System.out.println("committed " + Runtime.getRuntime().totalMemory());
        System.out.println("resident " + resident());
        System.out.println("FILLED");
        // The threads are daemons and end here.
    }

    /** Starts threads that each use so many bytes of their stacks, and wait. */
    private static void fillThreads(int threads, long stack) throws Exception {
        final CountDownLatch waiting = new CountDownLatch(threads);
        final Runnable wait = () -> {
            waiting.countDown();
            try {
                Thread.sleep(Long.MAX_VALUE);
            } catch (InterruptedException end) {
                // This thread ends.
            }
        };
        // One large frame: thousands of small ones cost old collectors much to walk.
        final Method deep = new Loader().define(deepClass((int) (stack / 8))).getMethod("deep", Runnable.class);
        for (int i = 0; i < threads; i++) {
            Thread t = new Thread(() -> {
                try {
                    deep.invoke(null, wait);
                } catch (ReflectiveOperationException e) {
                    throw new IllegalStateException(e);
                }
            });
            t.setDaemon(true);
            t.start();
        }
        waiting.await();
    }

    /**
     * Returns a class Deep whose method deep runs what it is given and has so many local variables,
     * which an interpreter sets to zero one by one.
     */
    private static byte[] deepClass(int locals) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = header(bytes, "Deep", 9);
        constant(out, "deep"); // 5
        constant(out, "(Ljava/lang/Runnable;)V");
        constant(out, "Code");
        constant(out, "java/lang/Runnable");
        constant(out, "run");
        constant(out, "()V"); // 10
        out.writeByte(7);
        out.writeShort(8);
        out.writeByte(12);
        out.writeShort(9);
        out.writeShort(10);
        out.writeByte(11);
        out.writeShort(11);
        out.writeShort(12);
        body(out, 1);
        // aload_0, invokeinterface Runnable.run, return
        method(out, 5, 6, 7, locals, new byte[] {0x2A, (byte) 0xB9, 0, 13, 1, 0, (byte) 0xB1});
        out.writeShort(0);
        return bytes.toByteArray();
    }

    /** Loads classes until the metaspace has committed so many bytes. */
    private static long fillMetaspace(long bytes) throws IOException {
        Loader loader = new Loader();
        held.add(loader);
        for (int i = 0; metaspace() < bytes; i++) {
            byte[] content = classFile("Generated" + i);
            held.add(loader.define(content));
        }
        return metaspace();
    }

    private static long metaspace() {
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            // It counts the space of compressed classes too.
            if (pool.getName().equals("Metaspace")) {
                return pool.getUsage().getCommitted();
            }
        }
        throw new IllegalStateException("this JVM has no metaspace");
    }

    private static final class Loader extends ClassLoader {
        Class<?> define(byte[] content) {
            return defineClass(null, content, 0, content.length);
        }
    }

    /** Returns a class with a hundred methods that do nothing for long. */
    private static byte[] classFile(String name) throws IOException {
        final int methods = 100;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = header(bytes, name, methods + 2);
        constant(out, "()V"); // 5
        constant(out, "Code");
        for (int m = 0; m < methods; m++) {
            constant(out, "method" + m);
        }
        body(out, methods);
        byte[] nops = new byte[400];
        nops[nops.length - 1] = (byte) 0xB1; // return
        for (int m = 0; m < methods; m++) {
            method(out, 7 + m, 5, 6, 0, nops);
        }
        out.writeShort(0);
        return bytes.toByteArray();
    }

    /** Begins a class file of Java 8 with its name and superclass, constants 1 to 4. */
    private static DataOutputStream header(ByteArrayOutputStream bytes, String name, int otherConstants) throws IOException {
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(0xCAFEBABE);
        out.writeInt(52);
        out.writeShort(5 + otherConstants);
        constant(out, name);
        out.writeByte(7);
        out.writeShort(1);
        constant(out, "java/lang/Object");
        out.writeByte(7);
        out.writeShort(3);
        return out;
    }

    private static void constant(DataOutputStream out, String text) throws IOException {
        out.writeByte(1);
        out.writeUTF(text);
    }

    /** Goes on with a public class without interfaces and fields. */
    private static void body(DataOutputStream out, int methods) throws IOException {
        for (int word : new int[] {0x21, 2, 4, 0, 0, methods}) {
            out.writeShort(word);
        }
    }

    /** Writes a public static method by the constants of its name, its type and "Code". */
    private static void method(DataOutputStream out, int name, int type, int attribute, int locals, byte[] code) throws IOException {
        for (int word : new int[] {9, name, type, 1, attribute}) {
            out.writeShort(word);
        }
        out.writeInt(12 + code.length);
        out.writeShort(1);
        out.writeShort(locals);
        out.writeInt(code.length);
        out.write(code);
        out.writeInt(0);
    }

    private static long fillDirect(long bytes) {
        final int piece = 1 << 20;
        long done = 0;
        for (; done < bytes; done += piece) {
            // The JVM writes zeros to all of it.
            held.add(ByteBuffer.allocateDirect(piece));
        }
        return done;
    }

    /** Fills the heap with live objects and then goes on making others, as a service would. */
    private static long fillHeap(long percent) {
        final int piece = 8 << 10;
        Runtime runtime = Runtime.getRuntime();
        long want = runtime.maxMemory() / 100 * percent;
        long live = runtime.totalMemory() - runtime.freeMemory();
        for (; live < want; live += piece) {
            held.add(new byte[piece]);
        }
        byte[] garbage = null;
        for (long made = 0; made < runtime.maxMemory() / 2; made += piece) {
            garbage = new byte[piece];
        }
        held.add(garbage);
        return live;
    }

    /** Returns the bytes of this process that are in memory. */
    private static long resident() throws IOException {
        try (BufferedReader in = new BufferedReader(new FileReader("/proc/self/smaps_rollup"))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.startsWith("Rss:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
        }
        throw new IOException("the kernel does not tell how much of this process is in memory");
    }
}
