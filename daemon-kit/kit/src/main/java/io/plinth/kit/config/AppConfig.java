package io.plinth.kit.config;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A program that deploy starts beside the daemons; instance {@code i} (from 1) is the node {@code name-i}. */
@Doc("A program that deploy starts and scales.")
public record AppConfig(
        @Doc("Program and arguments; a relative program is looked up beside the file.")
        List<String> command,

        @Doc("How many instances run.") @Default("1") @Range(min = "1", max = "1000")
        int instances,

        @Doc("The first instance's port, given to it as PORT; each further one gets the next.") @Nullable
        Integer port,

        @Doc("The host or address the instances are reached at.") @Default("127.0.0.1")
        String host,

        @Doc("Environment variables for every instance.") Map<String, String> env,

        @Doc("An HTTP path that answers 200 once the instance is ready.") @Nullable
        String ready,

        @Doc("How long an instance may take to be ready, and to stop.") @Default("30s")
        Duration patience) {}
