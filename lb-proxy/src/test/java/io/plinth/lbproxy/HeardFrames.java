package io.plinth.lbproxy;

import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** A WebSocket client's ears: a text as it is, {@code binary SIZE}, {@code ping}, and the status of its end. */
final class HeardFrames implements WebSocket.Listener {
    private final LinkedBlockingQueue<String> got;
    private final CompletableFuture<Integer> closed;
    private final StringBuilder text = new StringBuilder();
    private int binary;

    HeardFrames(LinkedBlockingQueue<String> got, CompletableFuture<Integer> closed) {
        this.got = got;
        this.closed = closed;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
            got.add(text.toString());
            text.setLength(0);
        }
        socket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
        binary += data.remaining();
        if (last) {
            got.add("binary " + binary);
            binary = 0;
        }
        socket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPing(WebSocket socket, ByteBuffer message) {
        got.add("ping");
        socket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
        closed.complete(status);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        closed.completeExceptionally(error);
    }
}
