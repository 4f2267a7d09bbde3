package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The gRPC client and server of grpc-java, with a proxy between them that speaks HTTP/2 to both. */
@Timeout(120)
class GrpcIT {
    private static final Metadata.Key<String> DETAIL = Metadata.Key.of("x-detail", Metadata.ASCII_STRING_MARSHALLER);

    @TempDir
    Path folder;

    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private Server server;
    private Proxy proxy;
    private ManagedChannel channel;

    private static final class Text implements Marshaller<String> {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static MethodDescriptor<String, String> method(String name, MethodType type) {
        return MethodDescriptor.newBuilder(new Text(), new Text())
                .setType(type)
                .setFullMethodName("test.Echo/" + name)
                .build();
    }

    private static final MethodDescriptor<String, String> UNARY = method("Unary", MethodType.UNARY);
    private static final MethodDescriptor<String, String> FAIL = method("Fail", MethodType.UNARY);
    private static final MethodDescriptor<String, String> MANY = method("Many", MethodType.SERVER_STREAMING);
    private static final MethodDescriptor<String, String> BOTH = method("Both", MethodType.BIDI_STREAMING);

    @BeforeEach
    void start() throws Exception {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .executor(executor)
                .addService(ServerServiceDefinition.builder("test.Echo")
                        .addMethod(UNARY, ServerCalls.asyncUnaryCall((String request, StreamObserver<String> to) -> {
                            to.onNext("echo " + request);
                            to.onCompleted();
                        }))
                        .addMethod(FAIL, ServerCalls.asyncUnaryCall((String request, StreamObserver<String> to) -> {
                            Metadata trailers = new Metadata();
                            trailers.put(DETAIL, "why");
                            to.onError(Status.FAILED_PRECONDITION
                                    .withDescription("not " + request)
                                    .asRuntimeException(trailers));
                        }))
                        .addMethod(
                                MANY,
                                ServerCalls.asyncServerStreamingCall((String request, StreamObserver<String> to) -> {
                                    for (int i = 0; i < Integer.parseInt(request); i++) {
                                        to.onNext(i + "x".repeat(10_000));
                                    }
                                    to.onCompleted();
                                }))
                        .addMethod(BOTH, ServerCalls.asyncBidiStreamingCall(to -> new StreamObserver<>() {
                            @Override
                            public void onNext(String value) {
                                to.onNext("got " + value);
                            }

                            @Override
                            public void onError(Throwable error) {}

                            @Override
                            public void onCompleted() {
                                to.onCompleted();
                            }
                        }))
                        .build())
                .build()
                .start();
        proxy = Proxy.start(folder, """
              routes: { all: { pool: grpc } }
              pools: { grpc: { servers: { s: "127.0.0.1:%d" }, protocol: http2 } }
            """.formatted(server.getPort()));
        channel = NettyChannelBuilder.forAddress(proxy.address())
                .usePlaintext()
                .executor(executor)
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow().awaitTermination(20, TimeUnit.SECONDS);
        proxy.close();
        server.shutdownNow().awaitTermination(20, TimeUnit.SECONDS);
        executor.close();
    }

    private String unary(MethodDescriptor<String, String> method, String request) {
        return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request);
    }

    @Test
    void manyCallsShareConnectionsBothWays() throws Exception {
        List<CompletableFuture<String>> calls = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            String text = "call " + i;
            calls.add(CompletableFuture.supplyAsync(() -> unary(UNARY, text), executor));
        }
        for (int i = 0; i < calls.size(); i++) {
            assertThat(calls.get(i).get(20, TimeUnit.SECONDS)).isEqualTo("echo call " + i);
        }
        String large = "l".repeat(3_000_000);
        assertThat(unary(UNARY, large)).isEqualTo("echo " + large);
    }

    @Test
    void aFailureComesWithItsStatusAndTrailers() {
        assertThatThrownBy(() -> unary(FAIL, "ready")).isInstanceOfSatisfying(StatusRuntimeException.class, failure -> {
            assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(failure.getStatus().getDescription()).isEqualTo("not ready");
            Metadata trailers = failure.getTrailers();
            assertThat(trailers == null ? null : trailers.get(DETAIL)).isEqualTo("why");
        });
    }

    @Test
    void aServersStreamComesWhole() {
        Iterator<String> all = ClientCalls.blockingServerStreamingCall(channel, MANY, CallOptions.DEFAULT, "500");
        int count = 0;
        while (all.hasNext()) {
            assertThat(all.next()).startsWith(count++ + "x");
        }
        assertThat(count).isEqualTo(500);
    }

    @Test
    void aConversationGoesBackAndForth() throws Exception {
        LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();
        CompletableFuture<Void> over = new CompletableFuture<>();
        StreamObserver<String> out =
                ClientCalls.asyncBidiStreamingCall(channel.newCall(BOTH, CallOptions.DEFAULT), new StreamObserver<>() {
                    @Override
                    public void onNext(String value) {
                        got.add(value);
                    }

                    @Override
                    public void onError(Throwable error) {
                        over.completeExceptionally(error);
                    }

                    @Override
                    public void onCompleted() {
                        over.complete(null);
                    }
                });
        for (int i = 0; i < 100; i++) {
            out.onNext("m" + i);
            assertThat(got.poll(20, TimeUnit.SECONDS)).isEqualTo("got m" + i);
        }
        out.onCompleted();
        over.get(20, TimeUnit.SECONDS);
    }
}
