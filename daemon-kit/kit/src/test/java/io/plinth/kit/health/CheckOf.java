package io.plinth.kit.health;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A check for tests: quick, and everything else at its default until said otherwise. */
final class CheckOf {
    private @Nullable String http;
    private @Nullable String host;
    private boolean tls;
    private @Nullable String sni;
    private Duration interval = Duration.ofMillis(20);
    private Duration timeout = Duration.ofSeconds(10);
    private int rise = 2;
    private int fall = 3;
    private String expect = "200";
    private @Nullable String body;
    private @Nullable String grpc;
    private List<String> command = List.of();
    private @Nullable String file;

    CheckOf http(String path) {
        http = path;
        return this;
    }

    CheckOf host(@Nullable String name) {
        host = name;
        return this;
    }

    CheckOf tls(String name) {
        tls = true;
        sni = name;
        return this;
    }

    CheckOf interval(Duration time) {
        interval = time;
        return this;
    }

    CheckOf timeout(Duration time) {
        timeout = time;
        return this;
    }

    CheckOf thresholds(int up, int down) {
        rise = up;
        fall = down;
        return this;
    }

    CheckOf expect(String statuses) {
        expect = statuses;
        return this;
    }

    CheckOf body(String text) {
        body = text;
        return this;
    }

    CheckOf grpc(String service) {
        grpc = service;
        return this;
    }

    CheckOf command(String... words) {
        command = List.of(words);
        return this;
    }

    CheckOf file(String path) {
        file = path;
        return this;
    }

    HealthCheckConfig build() {
        return new HealthCheckConfig(
                http, host, tls, sni, null, interval, timeout, rise, fall, expect, body, grpc, command, file);
    }
}
