package io.plinth.lbproxy.wire.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class EndpointTest {
    private static final Http2Limits LIMITS = new Http2Limits(100, 65_536, 1 << 20, 32_768, 100, 8, 200, 1000, 4096);

    private static final class Sink implements Output {
        final ByteBuf written = Unpooled.buffer();

        @Override
        public ByteBufAllocator allocator() {
            return ByteBufAllocator.DEFAULT;
        }

        @Override
        public void write(ByteBuf bytes) {
            written.writeBytes(bytes);
            bytes.release();
        }

        @Override
        public void flush() {}

        @Override
        public boolean writable() {
            return true;
        }

        @Override
        public void close() {}
    }

    /** Whose owner fails. */
    private static final class Failing extends Endpoint {
        Failing() {
            super(true, LIMITS, new Sink());
        }

        @Override
        protected Http2Stream accept() {
            throw new IllegalStateException("a bug");
        }

        @Override
        protected void streamClosed() {}

        @Override
        protected void peerChanged() {}

        @Override
        protected void failed(Fault fault) {}
    }

    /** Resets each stream as a response does that is whole before its request. */
    private static final class Early extends Endpoint {
        Early(Sink sink) {
            super(true, LIMITS, sink);
        }

        @Override
        protected Http2Stream accept() {
            return new Http2Stream(this) {
                @Override
                protected FieldSink fields() {
                    return FieldSink.NOBODY;
                }

                @Override
                protected void headers(boolean end, boolean overLimit) {
                    reset(ErrorCode.NO_ERROR);
                }

                @Override
                protected void data(ByteBuf payload, boolean end) {}

                @Override
                protected void gone(int code) {}

                @Override
                protected void writableAgain() {}

                @Override
                protected void progressed() {}

                @Override
                protected void localEnd() {}
            };
        }

        @Override
        protected void streamClosed() {}

        @Override
        protected void peerChanged() {}

        @Override
        protected void failed(Fault fault) {}
    }

    private static ByteBuf hello() {
        ByteBuf in = Unpooled.buffer().writeBytes(FrameReader.PREFACE);
        return in.writeMedium(0).writeByte(FrameReader.SETTINGS).writeByte(0).writeInt(0);
    }

    private static ByteBuf data(ByteBuf in) {
        return in.writeMedium(1)
                .writeByte(FrameReader.DATA)
                .writeByte(0)
                .writeInt(1)
                .writeByte('x');
    }

    @Test
    void dataAfterOurResetIsIgnoredAndAfterTheClientsOwnIsNot() {
        Sink sink = new Sink();
        Endpoint endpoint = new Early(sink);
        endpoint.begin();
        ByteBuf in = hello();
        in.writeMedium(1)
                .writeByte(FrameReader.HEADERS)
                .writeByte(4)
                .writeInt(1)
                .writeByte(0x82);
        endpoint.receive(in);
        endpoint.flush();
        sink.written.clear();
        endpoint.receive(data(Unpooled.buffer()));
        endpoint.flush();
        assertThat(sink.written.readableBytes()).isZero();
        in = Unpooled.buffer();
        in.writeMedium(4)
                .writeByte(FrameReader.RST_STREAM)
                .writeByte(0)
                .writeInt(1)
                .writeInt(ErrorCode.CANCEL);
        endpoint.receive(data(in));
        endpoint.flush();
        assertThat(sink.written.readUnsignedMedium()).isEqualTo(4);
        assertThat(sink.written.readByte()).isEqualTo((byte) FrameReader.RST_STREAM);
        assertThat(sink.written.skipBytes(1).readInt()).isEqualTo(1);
        assertThat(sink.written.readInt()).isEqualTo(ErrorCode.STREAM_CLOSED);
        assertThat(sink.written.isReadable()).isFalse();
        endpoint.gone();
    }

    @Test
    void whatWasReadIsGivenBackWhenItsOwnerFails() {
        Endpoint endpoint = new Failing();
        endpoint.begin();
        ByteBuf in = hello();
        in.writeMedium(1)
                .writeByte(FrameReader.HEADERS)
                .writeByte(5)
                .writeInt(1)
                .writeByte(0x82);
        assertThatThrownBy(() -> endpoint.receive(in)).hasMessage("a bug");
        assertThat(in.refCnt()).isZero();
        endpoint.gone();
    }
}
