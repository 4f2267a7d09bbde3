package io.plinth.testkit.bad.route;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Breaks every rule that is seen in a class file; never run. */
public final class RouteHelper {
    static int calls;

    private RouteHelper() {}

    static LongSupplier time() {
        calls++;
        return System::nanoTime;
    }

    static ServerBootstrap listen(@Nullable Channel parent) {
        calls += parent == null ? 0 : 1;
        return new ServerBootstrap();
    }
}
