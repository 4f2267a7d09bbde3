package io.plinth.mqbroker.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyForwardTest {
    @TempDir
    Path folder;

    private static final class Narrow extends LogDecorator {
        private int room = Integer.MAX_VALUE;

        Narrow(SegmentLog log) {
            super(log);
        }

        @Override
        public long append(ByteBuffer record) throws IOException {
            if (room-- <= 0) {
                throw noRoom();
            }
            return super.append(record);
        }
    }

    private static ByteBuffer record(long sequence) {
        Content content = new Content("", "key", new byte[2], new byte[10]);
        List<Effect.Target> targets = List.of(new Effect.Target(1, Long.MAX_VALUE));
        ByteBuf out = Unpooled.buffer();
        ChangeCodec.write(
                out,
                new Change(0, 1, sequence, sequence - 1, new Effect.Enqueued(targets, new Message(content), content)));
        return out.nioBuffer();
    }

    @Test
    void whatWasCopiedBeforeTheDiskWasFullIsToldOf() throws Exception {
        try (Narrow log = new Narrow(new PreallocatedSegmentLog(folder, 1 << 20))) {
            List<Long> positions = new ArrayList<>();
            for (int i = 1; i <= 3; i++) {
                positions.add(log.append(record(i)));
            }
            log.roll();
            log.room = 1;
            List<Long> copied = new ArrayList<>();
            List<CopyForward.Move> moves = new CopyForward(0, log)
                    .copy(
                            SegmentLog.segmentOf(positions.getFirst()),
                            new Covered(positions.getLast(), 1, 3),
                            (queue, id, position) -> new Place(position, Long.MAX_VALUE, 10, 10, 0, null, 0, 0),
                            (change, position) -> copied.add(position));
            assertThat(copied).hasSize(1);
            assertThat(moves).containsExactly(new CopyForward.Move(1, 1, positions.getFirst(), copied.getFirst()));
        }
    }
}
