package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.admin.NodeFacts;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.ConnectionCommands;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Map;

/** INFO server. */
final class ServerSection {
    /** Redis's clock of last uses: seconds in 24 bits. */
    private static final int LRU_MASK = (1 << 24) - 1;
    /** Times a second that each loop looks after its keys. */
    private static final int HERTZ = 50;

    private ServerSection() {}

    static void write(InfoSources sources, Call call, InfoText text) {
        NodeFacts known = sources.facts().get();
        long seconds = (call.now() - known.startMillis()) / 1000;
        Instant now = call.node().clock().instant();
        ProcessHandle.Info process = ProcessHandle.current().info();
        text.section("Server");
        text.line("redis_version", ConnectionCommands.REDIS_VERSION);
        text.line("redis_git_sha1", "00000000");
        text.line("redis_git_dirty", 0);
        text.line("redis_build_id", Integer.toHexString(known.version().hashCode()));
        text.line("redis_mode", call.node().topology().get().clustered() ? "cluster" : "standalone");
        text.line("os", system());
        text.line("arch_bits", 64);
        text.line("monotonic_clock", "POSIX clock_gettime");
        text.line("multiplexing_api", known.transport());
        text.line("atomicvar_api", "java-varhandle");
        text.line("gcc_version", "0.0.0");
        text.line("process_id", ProcessHandle.current().pid());
        text.line("process_supervised", System.getenv("NOTIFY_SOCKET") == null ? "no" : "systemd");
        text.line("run_id", known.runId());
        text.line("tcp_port", known.port());
        text.line("server_time_usec", now.getEpochSecond() * 1_000_000 + now.getNano() / 1000);
        text.line("uptime_in_seconds", seconds);
        text.line("uptime_in_days", seconds / 86_400);
        text.line("hz", HERTZ);
        text.line("configured_hz", sources.config().shown("hz", call.node()));
        text.line("lru_clock", (call.now() / 1000) & LRU_MASK);
        text.line("executable", process.command().orElse(""));
        text.line("config_file", known.file());
        text.line("io_threads_active", known.loops() > 1 ? 1 : 0);
        listeners(sources.listening().get(), text);
        text.line("server_name", "plinth-kv-cache");
        text.line("plinth_version", known.version());
        text.line("plinth_node", known.name());
    }

    /** As uname has it; Java names the processor otherwise. */
    private static String system() {
        String processor = System.getProperty("os.arch");
        return System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                + (processor.equals("amd64") ? "x86_64" : processor);
    }

    private static void listeners(Map<String, InetSocketAddress> listening, InfoText text) {
        int number = 0;
        for (Map.Entry<String, String> kind :
                Map.of("redis", "tcp", "redis-tls", "tls").entrySet()) {
            InetSocketAddress at = listening.get(kind.getKey());
            if (at != null) {
                text.line(
                        "listener" + number++,
                        "name=" + kind.getValue() + ",bind=" + at.getHostString() + ",port=" + at.getPort());
            }
        }
    }
}
