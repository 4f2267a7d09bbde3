package io.plinth.mqbroker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Both segment logs side by side: throughput, the cost of a sync, rolling by size. Run by hand; the numbers are in ARCHITECTURE.md. */
public final class SegmentLogBench {
    private static final int RECORD = 1100;
    private static final long SEGMENT = 64 << 20;

    private interface Opener {
        SegmentLog open(Path folder) throws IOException;
    }

    private record Subject(String name, Opener opener) {}

    private SegmentLogBench() {}

    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[0]);
        List<Subject> subjects = List.of(
                new Subject("preallocated", folder -> new PreallocatedSegmentLog(folder, SEGMENT)),
                new Subject("chronicle", folder -> new ChronicleSegmentLog(folder, SEGMENT)));
        for (int round = 0; round < 2; round++) {
            for (Subject subject : subjects) {
                for (int batch : new int[] {1, 32, 1000}) {
                    measure(subject, batch, root.resolve(subject.name() + "-" + round + "-" + batch), round > 0);
                }
            }
        }
    }

    private static void measure(Subject subject, int batch, Path folder, boolean shown) throws IOException {
        int batches = Math.max(200, 200_000 / batch / (batch == 1 ? 50 : 1));
        long[] nanos = new long[batches];
        long cpu = java.lang.management.ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        long began = System.nanoTime();
        try (SegmentLog log = subject.opener().open(folder)) {
            for (int i = 0; i < batches; i++) {
                for (int j = 0; j < batch; j++) {
                    log.append(ByteBuffer.allocate(RECORD));
                }
                long at = System.nanoTime();
                log.sync();
                nanos[i] = System.nanoTime() - at;
            }
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        double micros =
                (java.lang.management.ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpu) / 1e3;
        Arrays.sort(nanos);
        if (shown) {
            System.out.printf(
                    "%-13s batch %4d: %9.0f records/s, cpu %5.2f us/record, sync p50 %6d us, p99 %6d us%n",
                    subject.name(),
                    batch,
                    batches * (double) batch / seconds,
                    micros / ((double) batches * batch),
                    nanos[batches / 2] / 1000,
                    nanos[batches * 99 / 100] / 1000);
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
