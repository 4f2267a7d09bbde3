package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.EchoStatus;
import io.grpc.testing.integration.Messages.Payload;
import io.grpc.testing.integration.Messages.ResponseParameters;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.grpc.testing.integration.TestServiceGrpc;
import io.grpc.testing.integration.TestServiceImpl;
import io.grpc.testing.integration.UnimplementedServiceGrpc;
import io.plinth.testkit.LeakCheck;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The cases of gRPC's interoperability tests, with their own service behind the proxy; each is named as they name it. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class GrpcInteropIT {
    private static final Metadata.Key<String> INITIAL =
            Metadata.Key.of("x-grpc-test-echo-initial", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<byte[]> TRAILING =
            Metadata.Key.of("x-grpc-test-echo-trailing-bin", Metadata.BINARY_BYTE_MARSHALLER);
    private static final int[] REQUESTS = {27_182, 8, 1828, 45_904};
    private static final int[] RESPONSES = {31_415, 9, 2653, 58_979};

    @TempDir
    static Path folder;

    private static ScheduledExecutorService executor;
    private static Server server;
    private static Proxy proxy;
    private static ManagedChannel channel;

    @BeforeAll
    static void start() throws Exception {
        executor = Executors.newScheduledThreadPool(1);
        server = NettyServerBuilder.forPort(0)
                .addService(ServerInterceptors.intercept(new TestServiceImpl(executor), TestServiceImpl.interceptors()))
                .build()
                .start();
        proxy = Proxy.start(folder, """
              routes: { all: { pool: grpc } }
              pools:
                grpc: { servers: { s: "127.0.0.1:%d" }, protocol: http2 }
            """.formatted(server.getPort()));
        channel = NettyChannelBuilder.forAddress(proxy.address()).usePlaintext().build();
    }

    @AfterAll
    static void stop() throws Exception {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        proxy.close();
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        executor.shutdownNow();
    }

    private static TestServiceGrpc.TestServiceBlockingStub blocking() {
        return TestServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static TestServiceGrpc.TestServiceStub async() {
        return TestServiceGrpc.newStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static Payload zeros(int count) {
        return Payload.newBuilder()
                .setBody(ByteString.copyFrom(new byte[count]))
                .build();
    }

    private static StreamingOutputCallRequest asking(int requestBytes, int... responseBytes) {
        StreamingOutputCallRequest.Builder request =
                StreamingOutputCallRequest.newBuilder().setPayload(zeros(requestBytes));
        for (int bytes : responseBytes) {
            request.addResponseParameters(ResponseParameters.newBuilder().setSize(bytes));
        }
        return request.build();
    }

    /** Keeps what comes, and how it ends. */
    private static class Collected<Q, A> implements ClientResponseObserver<Q, A> {
        private static final Object COMPLETED = new Object();
        final LinkedBlockingQueue<Object> came = new LinkedBlockingQueue<>();
        volatile @Nullable ClientCallStreamObserver<Q> call;

        void cancel() {
            Objects.requireNonNull(call).cancel("so the case has it", null);
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<Q> stream) {
            call = stream;
        }

        @Override
        public void onNext(A value) {
            came.add(value);
        }

        @Override
        public void onError(Throwable error) {
            came.add(Status.fromThrowable(error));
        }

        @Override
        public void onCompleted() {
            came.add(COMPLETED);
        }

        @SuppressWarnings("unchecked")
        A next() throws InterruptedException {
            Object next = came.poll(20, TimeUnit.SECONDS);
            assertThat(next).isNotNull().isNotEqualTo(COMPLETED).isNotInstanceOf(Status.class);
            return (A) next;
        }

        void completes() throws InterruptedException {
            assertThat(came.poll(20, TimeUnit.SECONDS)).isSameAs(COMPLETED);
        }

        Status.Code fails() throws InterruptedException {
            Object end = came.poll(20, TimeUnit.SECONDS);
            assertThat(end).isInstanceOf(Status.class);
            return ((Status) end).getCode();
        }
    }

    @Test
    void emptyUnary() {
        assertThat(blocking().emptyCall(Empty.getDefaultInstance())).isEqualTo(Empty.getDefaultInstance());
    }

    @Test
    void largeUnary() {
        SimpleResponse response = blocking()
                .unaryCall(SimpleRequest.newBuilder()
                        .setResponseSize(314_159)
                        .setPayload(zeros(271_828))
                        .build());
        assertThat(response.getPayload().getBody().size()).isEqualTo(314_159);
    }

    @Test
    void clientCompressedUnary() {
        SimpleResponse response = blocking()
                .withCompression("gzip")
                .unaryCall(SimpleRequest.newBuilder()
                        .setResponseSize(314_159)
                        .setPayload(zeros(271_828))
                        .build());
        assertThat(response.getPayload().getBody().size()).isEqualTo(314_159);
    }

    @Test
    void clientStreaming() throws InterruptedException {
        Collected<StreamingInputCallRequest, StreamingInputCallResponse> collected = new Collected<>();
        StreamObserver<StreamingInputCallRequest> call = async().streamingInputCall(collected);
        for (int bytes : REQUESTS) {
            call.onNext(StreamingInputCallRequest.newBuilder()
                    .setPayload(zeros(bytes))
                    .build());
        }
        call.onCompleted();
        assertThat(collected.next().getAggregatedPayloadSize()).isEqualTo(74_922);
        collected.completes();
    }

    @Test
    void serverStreaming() {
        Iterator<StreamingOutputCallResponse> responses = blocking().streamingOutputCall(asking(0, RESPONSES));
        List<Integer> sizes = new ArrayList<>();
        responses.forEachRemaining(each -> sizes.add(each.getPayload().getBody().size()));
        assertThat(sizes).containsExactly(31_415, 9, 2653, 58_979);
    }

    @Test
    void pingPong() throws InterruptedException {
        Collected<StreamingOutputCallRequest, StreamingOutputCallResponse> collected = new Collected<>();
        StreamObserver<StreamingOutputCallRequest> call = async().fullDuplexCall(collected);
        for (int i = 0; i < REQUESTS.length; i++) {
            call.onNext(asking(REQUESTS[i], RESPONSES[i]));
            assertThat(collected.next().getPayload().getBody().size()).isEqualTo(RESPONSES[i]);
        }
        call.onCompleted();
        collected.completes();
    }

    @Test
    void emptyStream() throws InterruptedException {
        Collected<StreamingOutputCallRequest, StreamingOutputCallResponse> collected = new Collected<>();
        async().fullDuplexCall(collected).onCompleted();
        collected.completes();
    }

    @Test
    void halfDuplex() throws InterruptedException {
        Collected<StreamingOutputCallRequest, StreamingOutputCallResponse> collected = new Collected<>();
        StreamObserver<StreamingOutputCallRequest> call = async().halfDuplexCall(collected);
        for (int bytes : RESPONSES) {
            call.onNext(asking(0, bytes));
        }
        call.onCompleted();
        for (int bytes : RESPONSES) {
            assertThat(collected.next().getPayload().getBody().size()).isEqualTo(bytes);
        }
        collected.completes();
    }

    @Test
    void veryLargeRequestsAndResponses() throws InterruptedException {
        Collected<StreamingOutputCallRequest, StreamingOutputCallResponse> collected = new Collected<>();
        StreamObserver<StreamingOutputCallRequest> call = async().fullDuplexCall(collected);
        call.onNext(asking(3_000_000, 3_000_000));
        assertThat(collected.next().getPayload().getBody().size()).isEqualTo(3_000_000);
        call.onCompleted();
        collected.completes();
    }

    @Test
    void customMetadata() {
        Metadata sent = new Metadata();
        sent.put(INITIAL, "test_initial_metadata_value");
        sent.put(TRAILING, new byte[] {(byte) 0xab, (byte) 0xab, (byte) 0xab});
        AtomicReference<Metadata> headers = new AtomicReference<>();
        AtomicReference<Metadata> trailers = new AtomicReference<>();
        ClientInterceptor[] both = {
            MetadataUtils.newAttachHeadersInterceptor(sent),
            MetadataUtils.newCaptureMetadataInterceptor(headers, trailers)
        };
        blocking()
                .withInterceptors(both)
                .unaryCall(SimpleRequest.newBuilder()
                        .setResponseSize(314_159)
                        .setPayload(zeros(271_828))
                        .build());
        assertThat(Objects.requireNonNull(headers.get()).get(INITIAL)).isEqualTo("test_initial_metadata_value");
        assertThat(Objects.requireNonNull(trailers.get()).get(TRAILING)).containsExactly(0xab, 0xab, 0xab);
    }

    @Test
    void statusCodeAndMessage() throws InterruptedException {
        EchoStatus unknown = EchoStatus.newBuilder()
                .setCode(2)
                .setMessage("test status message")
                .build();
        assertFails(
                () -> blocking()
                        .unaryCall(SimpleRequest.newBuilder()
                                .setResponseStatus(unknown)
                                .build()),
                Status.Code.UNKNOWN,
                "test status message");
        Collected<StreamingOutputCallRequest, StreamingOutputCallResponse> collected = new Collected<>();
        StreamObserver<StreamingOutputCallRequest> call = async().fullDuplexCall(collected);
        call.onNext(StreamingOutputCallRequest.newBuilder()
                .setResponseStatus(unknown)
                .build());
        assertThat(collected.fails()).isEqualTo(Status.Code.UNKNOWN);
    }

    @Test
    void specialStatusMessage() {
        String message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \ud83d\ude08\t\n";
        assertFails(
                () -> blocking()
                        .unaryCall(SimpleRequest.newBuilder()
                                .setResponseStatus(
                                        EchoStatus.newBuilder().setCode(2).setMessage(message))
                                .build()),
                Status.Code.UNKNOWN,
                message);
    }

    private interface Call {
        @Nullable
        Object run();
    }

    private static void assertFails(Call call, Status.Code code, @Nullable String message) {
        assertThatThrownBy(call::run).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(code);
            if (message != null) {
                assertThat(e.getStatus().getDescription()).isEqualTo(message);
            }
        });
    }

    @Test
    void unimplementedMethod() {
        assertFails(() -> blocking().unimplementedCall(Empty.getDefaultInstance()), Status.Code.UNIMPLEMENTED, null);
    }

    @Test
    void unimplementedService() {
        assertFails(
                () -> UnimplementedServiceGrpc.newBlockingStub(channel).unimplementedCall(Empty.getDefaultInstance()),
                Status.Code.UNIMPLEMENTED,
                null);
    }

    @Test
    void cancelAfterBegin() throws InterruptedException {
        Collected<StreamingInputCallRequest, StreamingInputCallResponse> collected = new Collected<>();
        async().streamingInputCall(collected);
        collected.cancel();
        assertThat(collected.fails()).isEqualTo(Status.Code.CANCELLED);
    }

    @Test
    void cancelAfterFirstResponse() throws InterruptedException {
        Collected<StreamingOutputCallRequest, StreamingOutputCallResponse> collected = new Collected<>();
        async().fullDuplexCall(collected).onNext(asking(27_182, 31_415));
        collected.next();
        collected.cancel();
        assertThat(collected.fails()).isEqualTo(Status.Code.CANCELLED);
    }

    @Test
    void timeoutOnSleepingServer() throws InterruptedException {
        Collected<StreamingOutputCallRequest, StreamingOutputCallResponse> collected = new Collected<>();
        TestServiceGrpc.newStub(channel)
                .withDeadlineAfter(1, TimeUnit.MILLISECONDS)
                .fullDuplexCall(collected)
                .onNext(StreamingOutputCallRequest.newBuilder()
                        .setPayload(zeros(27_182))
                        .addResponseParameters(
                                ResponseParameters.newBuilder().setSize(31_415).setIntervalUs(5_000_000))
                        .build());
        assertThat(collected.fails()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    @Test
    void manyCallsAtOnce() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(200);
        List<Throwable> errors = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 200; i++) {
            async().unaryCall(
                            SimpleRequest.newBuilder().setResponseSize(i).build(),
                            new StreamObserver<SimpleResponse>() {
                                @Override
                                public void onNext(SimpleResponse value) {}

                                @Override
                                public void onError(Throwable error) {
                                    errors.add(error);
                                    done.countDown();
                                }

                                @Override
                                public void onCompleted() {
                                    done.countDown();
                                }
                            });
        }
        assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(errors).isEmpty();
    }
}
