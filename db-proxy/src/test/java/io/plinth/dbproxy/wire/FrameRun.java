package io.plinth.dbproxy.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * One stream through a {@link FrameReader}: rows and copied data stream, some types pass, some are told, the rest is
 * dropped. What was handed on before an error is the same in whatever pieces the stream came.
 */
final class FrameRun implements FrameReader.Sink {
    static final int LIMIT = 1000;

    private final List<String> events = new ArrayList<>();
    private final ByteArrayOutputStream passed = new ByteArrayOutputStream();
    String error = "";

    private FrameRun() {}

    static FrameRun of(List<ByteBuf> pieces) {
        FrameRun run = new FrameRun();
        FrameReader reader = new FrameReader(ByteBufAllocator.DEFAULT, LIMIT);
        for (ByteBuf piece : pieces) {
            try {
                reader.read(piece, run);
            } catch (SqlException e) {
                run.error = e.error().code();
                reader.close();
            }
        }
        reader.close();
        return run;
    }

    /** Everything but bytes behind the last whole frame, which may be on their way or not. */
    List<String> seen() {
        List<String> all = new ArrayList<>(events);
        all.add(error.isEmpty() ? ByteBufUtil.hexDump(passed.toByteArray()) : error);
        return all;
    }

    @Override
    public FrameReader.Verdict frame(byte type, ByteBuf body) throws SqlException {
        events.add((char) type + ByteBufUtil.hexDump(body));
        try {
            ClientMessage.read(type, body.duplicate());
        } catch (SqlException e) {
            if (!e.error().code().equals(SqlError.PROTOCOL_VIOLATION)) {
                throw e;
            }
        }
        return switch (type) {
            case 'T', 'C', '1', '2' -> FrameReader.Verdict.PASS;
            case 'Z', 'E' -> FrameReader.Verdict.PASS_AND_TELL;
            default -> FrameReader.Verdict.DROP;
        };
    }

    @Override
    public boolean streams(byte type) {
        return type == 'D' || type == 'd';
    }

    @Override
    public void run(ByteBuf run) {
        passed.writeBytes(ByteBufUtil.getBytes(run));
        run.release();
    }

    @Override
    public void handedOn() {
        events.add("told after " + passed.size());
    }
}
