package io.plinth.kit.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the file says beside the daemons' own sections. */
@Doc("The whole stack: what it is called, where it runs, and what deploy starts beside the daemons.")
public record StackConfig(
        @Doc("The stack's name.") String stack,

        @Doc("Where data, logs and process ids live; relative to the file.") @Default(".plinth")
        String state,

        @Doc("Regions by name; a stack without any has the one region `local`.")
        Map<String, RegionConfig> regions,

        @Doc("Daemon nodes by name.") Map<String, NodeConfig> nodes,

        @Doc("Programs that deploy starts beside the daemons, by name.")
        Map<String, AppConfig> apps,

        @Doc("Present when deploy runs the PostgreSQL servers named under db-proxy itself.") @Nullable
        PostgresConfig postgres,

        @Doc("How large the logs of the daemons grow that deploy starts.")
        Logs logs) {

    /** How large the logs grow that deploy writes for the daemons: NODE.log, and NODE.log.1, the latest before it, and so on. */
    @Doc("The logs of daemons that deploy starts: NODE.log, and what it was before, from NODE.log.1, the latest, on.")
    public record Logs(
            @Doc("About how large a log grows before it is put aside and another is begun.")
            @Default("64MiB")
            @Range(min = "64KiB", max = "1TiB")
            DataSize size,

            @Doc("How many that were put aside are kept of each daemon.") @Default("4") @Range(min = "1", max = "1000")
            int kept) {}
}
