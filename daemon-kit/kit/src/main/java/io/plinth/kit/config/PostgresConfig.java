package io.plinth.kit.config;

/** Settings of the PostgreSQL servers that deploy runs itself: one for every shard address in db-proxy's section. */
@Doc("PostgreSQL servers that deploy runs itself, one for every shard address under db-proxy.")
public record PostgresConfig(
        @Doc("shared_buffers of each server.") @Default("32MiB")
        DataSize sharedBuffers,

        @Doc("max_connections of each server.") @Default("100") @Range(min = "10", max = "10000")
        int connections) {}
