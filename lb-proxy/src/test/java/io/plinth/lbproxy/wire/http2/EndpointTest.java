package io.plinth.lbproxy.wire.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class EndpointTest {
    private static final class Sink implements Output {
        @Override
        public ByteBufAllocator allocator() {
            return ByteBufAllocator.DEFAULT;
        }

        @Override
        public void write(ByteBuf bytes) {
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
            super(true, new Http2Limits(100, 65_536, 1 << 20, 32_768, 100, 8, 200, 1000, 4096), new Sink());
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

    @Test
    void whatWasReadIsGivenBackWhenItsOwnerFails() {
        Endpoint endpoint = new Failing();
        endpoint.begin();
        ByteBuf in = Unpooled.buffer().writeBytes(FrameReader.PREFACE);
        in.writeMedium(0).writeByte(FrameReader.SETTINGS).writeByte(0).writeInt(0);
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
