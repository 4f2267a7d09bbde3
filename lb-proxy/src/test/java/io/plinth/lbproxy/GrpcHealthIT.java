package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pool whose server is asked by grpc.health.v1, the server being gRPC's own. */
@Timeout(120)
class GrpcHealthIT {
    @TempDir
    Path folder;

    private static void awaitServers(Proxy proxy, int count) throws InterruptedException {
        Proxy.await(count + " servers", () -> {
            try {
                return proxy.metrics().contains("lb_proxy_servers_available{pool=\"web\"} " + count + ".0");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void aServerThatDoesNotServeIsTakenOutUntilItDoes() throws Exception {
        HealthStatusManager health = new HealthStatusManager();
        health.setStatus("shop.v1.Carts", ServingStatus.SERVING);
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(health.getHealthService())
                .build()
                .start();
        try (Proxy proxy = Proxy.start(folder, """
              routes: { all: { pool: web } }
              pools:
                web:
                  servers: { s: "127.0.0.1:%d" }
                  protocol: http2
                  health: { grpc: shop.v1.Carts, interval: 100ms, rise: 1, fall: 1 }
            """.formatted(server.getPort()))) {
            awaitServers(proxy, 1);
            health.setStatus("shop.v1.Carts", ServingStatus.NOT_SERVING);
            awaitServers(proxy, 0);
            assertThat(Http.get(proxy.address(), "/").status()).isEqualTo(503);
            health.setStatus("shop.v1.Carts", ServingStatus.SERVING);
            awaitServers(proxy, 1);
            health.clearStatus("shop.v1.Carts");
            awaitServers(proxy, 0);
        } finally {
            server.shutdownNow();
        }
    }
}
