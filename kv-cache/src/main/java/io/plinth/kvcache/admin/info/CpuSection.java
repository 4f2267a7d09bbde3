package io.plinth.kvcache.admin.info;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** INFO cpu: seconds that the machine gave the process, and of these the loops, which run commands as Redis's main thread does. */
final class CpuSection {
    private static final Path STAT = Path.of("/proc/self/stat");
    /** Linux's USER_HZ, the same on all processors that we run on. */
    private static final double TICKS = 100;

    private static final double NANOS = 1e9;

    private CpuSection() {}

    static void write(InfoSources sources, InfoText text) {
        // Behind the name in parentheses: state is the first, utime the 12th, then stime, cutime, cstime (proc(5)).
        String[] fields = fields();
        long user = 0;
        long both = 0;
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (EventLoop loop : sources.loops().get()) {
            if (loop instanceof SingleThreadEventExecutor executor) {
                long thread = executor.threadProperties().id();
                user += Math.max(0, threads.getThreadUserTime(thread));
                both += Math.max(0, threads.getThreadCpuTime(thread));
            }
        }
        text.section("CPU");
        line(text, "used_cpu_sys", ticks(fields, 12));
        line(text, "used_cpu_user", ticks(fields, 11));
        line(text, "used_cpu_sys_children", ticks(fields, 14));
        line(text, "used_cpu_user_children", ticks(fields, 13));
        line(text, "used_cpu_sys_main_thread", Math.max(0, both - user) / NANOS);
        line(text, "used_cpu_user_main_thread", user / NANOS);
    }

    private static void line(InfoText text, String name, double seconds) {
        text.line(name, String.format(Locale.ROOT, "%.6f", seconds));
    }

    private static double ticks(String[] fields, int at) {
        try {
            return at < fields.length ? Long.parseLong(fields[at]) / TICKS : 0;
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static String[] fields() {
        try {
            String line = Files.readString(STAT, StandardCharsets.ISO_8859_1);
            return line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
        } catch (IOException e) {
            return new String[0];
        }
    }
}
