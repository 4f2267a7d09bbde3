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
        PostgresConfig postgres) {}
