package io.plinth.mqbroker.channel;

import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.ReplyCode;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. Puts method, header and body frames of one publish together (section 2.3.5.2). */
public final class ContentAssembler {
    /** A publish that is complete. */
    public record Published(BasicMethod.Publish method, byte[] properties, byte[] body) {}

    private final long messageBytes;
    private BasicMethod.@Nullable Publish method;
    private byte @Nullable [] properties;
    private @Nullable ByteArrayOutputStream body;
    private final PartialBodies partial;
    private long expected;
    private long held;

    public ContentAssembler(long messageBytes, PartialBodies partial) {
        this.messageBytes = messageBytes;
        this.partial = partial;
    }

    /** Whether content frames are due and nothing else may come. */
    public boolean busy() {
        return method != null;
    }

    public void begin(BasicMethod.Publish publish) {
        method = publish;
        properties = null;
    }

    public @Nullable Published header(Frame.HeaderFrame frame) {
        if (method == null || properties != null) {
            throw new AmqpException(ReplyCode.UNEXPECTED_FRAME, "content header frame (expected: a method)");
        }
        if (frame.classId() != BasicMethod.CLASS_ID) {
            throw new AmqpException(
                    ReplyCode.UNEXPECTED_FRAME,
                    "content header of class " + frame.classId() + " (expected: " + BasicMethod.CLASS_ID + ")");
        }
        if (frame.bodySize() > messageBytes) {
            method = null;
            throw new AmqpException(
                    ReplyCode.PRECONDITION_FAILED,
                    "message size " + frame.bodySize() + " is larger than configured max size " + messageBytes);
        }
        properties = frame.properties();
        expected = frame.bodySize();
        body = null;
        return expected == 0 ? complete(new byte[0]) : null;
    }

    public @Nullable Published body(Frame.BodyFrame frame) {
        if (method == null || properties == null) {
            throw new AmqpException(ReplyCode.UNEXPECTED_FRAME, "content body frame (expected: a method or a header)");
        }
        int length = frame.payload().length;
        if (body == null && length == expected) {
            return complete(frame.payload());
        }
        if (body == null) {
            body = new ByteArrayOutputStream(length);
        }
        if (body.size() + (long) length > expected) {
            throw new AmqpException(
                    ReplyCode.FRAME_ERROR, "content body: more than announced (expected: " + expected + " octets)");
        }
        partial.take(length);
        held += length;
        body.write(frame.payload(), 0, length);
        return body.size() == expected ? complete(body.toByteArray()) : null;
    }

    /** What came of a body is dropped: the channel ends. */
    public void end() {
        method = null;
        properties = null;
        body = null;
        partial.give(held);
        held = 0;
    }

    private @Nullable Published complete(byte[] whole) {
        BasicMethod.Publish publish = method;
        byte[] flags = properties;
        end();
        return publish == null || flags == null ? null : new Published(publish, flags, whole);
    }
}
