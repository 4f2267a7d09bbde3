package io.plinth.lbproxy.discovery;

import io.plinth.lbproxy.config.PoolConfig.DnsConfig;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a pool's servers are looked up while it runs; nowhere where both are null.
 *
 * @param pool the pool's name
 * @param dns what is asked
 * @param file what is read
 */
public record Source(
        String pool, @Nullable DnsConfig dns, @Nullable Path file) {
    boolean dynamic() {
        return dns != null || file != null;
    }
}
