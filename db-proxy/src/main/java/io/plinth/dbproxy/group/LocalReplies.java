package io.plinth.dbproxy.group;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.group.GroupPlan.Step;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.Frontend;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the replies to a group that the proxy answers itself: statements without parameters and rows. Used once. */
public final class LocalReplies {
    private final Names names;
    private final ByteBuf out;

    public LocalReplies(Names names, ByteBuf out) {
        this.names = names;
        this.out = out;
    }

    /**
     * Rows to tell of.
     *
     * @param description the body of RowDescription
     * @param rows the bodies of DataRow
     */
    public record Rows(byte[] description, List<byte[]> rows) {}

    /** Everything but ReadyForQuery. */
    public void write(GroupPlan plan, String tag) {
        write(plan, tag, null);
    }

    /** All that comes before the execution; {@link #write} does without it then. */
    public void begin(GroupPlan plan) {
        for (Step step : plan.steps()) {
            if (executes(step)) {
                break;
            }
            write(step, "", null);
        }
        plan.begun();
    }

    private static boolean executes(Step step) {
        return step.message() instanceof ClientMessage.Query || step.message() instanceof ClientMessage.Execute;
    }

    /** {@code rows} null for a statement without any. */
    public void write(GroupPlan plan, String tag, @Nullable Rows rows) {
        boolean told = plan.hasBegun();
        for (Step step : plan.steps()) {
            told &= !executes(step);
            if (!told) {
                write(step, tag, rows);
            }
        }
    }

    private void write(Step step, String tag, @Nullable Rows rows) {
        switch (step.message()) {
            case ClientMessage.Query _, ClientMessage.Execute _ -> {
                if (rows != null && step.message() instanceof ClientMessage.Query) {
                    BackendWriter.raw(out, Backend.ROW_DESCRIPTION, rows.description());
                }
                for (byte[] row : rows == null ? List.<byte[]>of() : rows.rows()) {
                    BackendWriter.raw(out, Backend.DATA_ROW, row);
                }
                BackendWriter.commandComplete(out, tag);
            }
            case ClientMessage.Parse parse -> {
                BackendWriter.bare(out, Backend.PARSE_COMPLETE);
                if (step.statement() != null) {
                    names.confirm(parse.name(), step.statement());
                }
            }
            case ClientMessage.Bind _ -> BackendWriter.bare(out, Backend.BIND_COMPLETE);
            case ClientMessage.Describe describe -> {
                if (describe.kind() == Frontend.STATEMENT) {
                    BackendWriter.noParameters(out);
                }
                if (rows == null) {
                    BackendWriter.bare(out, Backend.NO_DATA);
                } else {
                    BackendWriter.raw(out, Backend.ROW_DESCRIPTION, rows.description());
                }
            }
            case ClientMessage.Close close -> {
                BackendWriter.bare(out, Backend.CLOSE_COMPLETE);
                if (close.kind() == Frontend.STATEMENT) {
                    names.remove(close.name());
                }
            }
            default -> {}
        }
    }
}
