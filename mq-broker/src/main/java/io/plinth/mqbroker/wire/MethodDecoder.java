package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Reads the payload of a method frame; what is unknown or too long or too short is refused. */
public final class MethodDecoder {
    private final FieldTableCodec tables;
    private final Names names = new Names();

    public MethodDecoder(FieldTableCodec tables) {
        this.tables = tables;
    }

    /** Reads one method that fills {@code in} exactly. */
    public Method decode(ByteBuf in) {
        if (in.readableBytes() < 4) {
            throw new AmqpException(
                    ReplyCode.FRAME_ERROR, "method frame: " + in.readableBytes() + " octets (expected: >= 4)");
        }
        int classId = in.readUnsignedShort();
        int methodId = in.readUnsignedShort();
        Method method = switch (classId) {
            case ConnectionMethod.CLASS_ID -> connection(methodId, in);
            case ChannelMethod.CLASS_ID -> channel(methodId, in);
            case AccessMethod.CLASS_ID -> access(methodId, in);
            case ExchangeMethod.CLASS_ID -> exchange(methodId, in);
            case QueueMethod.CLASS_ID -> queue(methodId, in);
            case BasicMethod.CLASS_ID -> basic(methodId, in);
            case ConfirmMethod.CLASS_ID -> confirm(methodId, in);
            case TxMethod.CLASS_ID -> tx(methodId);
            default -> null;
        };
        if (method == null) {
            throw new AmqpException(
                    ReplyCode.COMMAND_INVALID, "method: " + classId + "." + methodId + " (expected: a known method)");
        }
        if (in.isReadable()) {
            throw new AmqpException(
                    ReplyCode.SYNTAX_ERROR,
                    "method " + classId + "." + methodId + ": " + in.readableBytes()
                            + " octets too many (expected: none)");
        }
        return method;
    }

    private @Nullable Method connection(int methodId, ByteBuf in) {
        return switch (methodId) {
            case ConnectionMethod.Start.ID -> ConnectionMethod.Start.read(in, tables);
            case ConnectionMethod.StartOk.ID -> ConnectionMethod.StartOk.read(in, tables);
            case ConnectionMethod.Secure.ID -> ConnectionMethod.Secure.read(in);
            case ConnectionMethod.SecureOk.ID -> ConnectionMethod.SecureOk.read(in);
            case ConnectionMethod.Tune.ID -> ConnectionMethod.Tune.read(in);
            case ConnectionMethod.TuneOk.ID -> ConnectionMethod.TuneOk.read(in);
            case ConnectionMethod.Open.ID -> ConnectionMethod.Open.read(in);
            case ConnectionMethod.OpenOk.ID -> ConnectionMethod.OpenOk.read(in);
            case ConnectionMethod.Close.ID -> ConnectionMethod.Close.read(in);
            case ConnectionMethod.CloseOk.ID -> new ConnectionMethod.CloseOk();
            case ConnectionMethod.Blocked.ID -> ConnectionMethod.Blocked.read(in);
            case ConnectionMethod.Unblocked.ID -> new ConnectionMethod.Unblocked();
            case ConnectionMethod.UpdateSecret.ID -> ConnectionMethod.UpdateSecret.read(in);
            case ConnectionMethod.UpdateSecretOk.ID -> new ConnectionMethod.UpdateSecretOk();
            default -> null;
        };
    }

    private static @Nullable Method channel(int methodId, ByteBuf in) {
        return switch (methodId) {
            case ChannelMethod.Open.ID -> ChannelMethod.Open.read(in);
            case ChannelMethod.OpenOk.ID -> ChannelMethod.OpenOk.read(in);
            case ChannelMethod.Flow.ID -> ChannelMethod.Flow.read(in);
            case ChannelMethod.FlowOk.ID -> ChannelMethod.FlowOk.read(in);
            case ChannelMethod.Close.ID -> ChannelMethod.Close.read(in);
            case ChannelMethod.CloseOk.ID -> new ChannelMethod.CloseOk();
            default -> null;
        };
    }

    private static @Nullable Method access(int methodId, ByteBuf in) {
        return switch (methodId) {
            case AccessMethod.Request.ID -> AccessMethod.Request.read(in);
            case AccessMethod.RequestOk.ID -> AccessMethod.RequestOk.read(in);
            default -> null;
        };
    }

    private @Nullable Method exchange(int methodId, ByteBuf in) {
        return switch (methodId) {
            case ExchangeMethod.Declare.ID -> ExchangeMethod.Declare.read(in, tables);
            case ExchangeMethod.DeclareOk.ID -> new ExchangeMethod.DeclareOk();
            case ExchangeMethod.Delete.ID -> ExchangeMethod.Delete.read(in);
            case ExchangeMethod.DeleteOk.ID -> new ExchangeMethod.DeleteOk();
            case ExchangeMethod.Bind.ID -> ExchangeMethod.Bind.read(in, tables);
            case ExchangeMethod.BindOk.ID -> new ExchangeMethod.BindOk();
            case ExchangeMethod.Unbind.ID -> ExchangeMethod.Unbind.read(in, tables);
            case ExchangeMethod.UnbindOk.ID -> new ExchangeMethod.UnbindOk();
            default -> null;
        };
    }

    private @Nullable Method queue(int methodId, ByteBuf in) {
        return switch (methodId) {
            case QueueMethod.Declare.ID -> QueueMethod.Declare.read(in, tables);
            case QueueMethod.DeclareOk.ID -> QueueMethod.DeclareOk.read(in);
            case QueueMethod.Bind.ID -> QueueMethod.Bind.read(in, tables);
            case QueueMethod.BindOk.ID -> new QueueMethod.BindOk();
            case QueueMethod.Purge.ID -> QueueMethod.Purge.read(in);
            case QueueMethod.PurgeOk.ID -> QueueMethod.PurgeOk.read(in);
            case QueueMethod.Delete.ID -> QueueMethod.Delete.read(in);
            case QueueMethod.DeleteOk.ID -> QueueMethod.DeleteOk.read(in);
            case QueueMethod.Unbind.ID -> QueueMethod.Unbind.read(in, tables);
            case QueueMethod.UnbindOk.ID -> new QueueMethod.UnbindOk();
            default -> null;
        };
    }

    private @Nullable Method basic(int methodId, ByteBuf in) {
        return switch (methodId) {
            case BasicMethod.Qos.ID -> BasicMethod.Qos.read(in);
            case BasicMethod.QosOk.ID -> new BasicMethod.QosOk();
            case BasicMethod.Consume.ID -> BasicMethod.Consume.read(in, tables);
            case BasicMethod.ConsumeOk.ID -> BasicMethod.ConsumeOk.read(in);
            case BasicMethod.Cancel.ID -> BasicMethod.Cancel.read(in);
            case BasicMethod.CancelOk.ID -> BasicMethod.CancelOk.read(in);
            case BasicMethod.Publish.ID -> BasicMethod.Publish.read(in, names);
            case BasicMethod.Return.ID -> BasicMethod.Return.read(in);
            case BasicMethod.Deliver.ID -> BasicMethod.Deliver.read(in);
            case BasicMethod.Get.ID -> BasicMethod.Get.read(in);
            case BasicMethod.GetOk.ID -> BasicMethod.GetOk.read(in);
            case BasicMethod.GetEmpty.ID -> BasicMethod.GetEmpty.read(in);
            case BasicMethod.Ack.ID -> BasicMethod.Ack.read(in);
            case BasicMethod.Reject.ID -> BasicMethod.Reject.read(in);
            case BasicMethod.RecoverAsync.ID -> BasicMethod.RecoverAsync.read(in);
            case BasicMethod.Recover.ID -> BasicMethod.Recover.read(in);
            case BasicMethod.RecoverOk.ID -> new BasicMethod.RecoverOk();
            case BasicMethod.Nack.ID -> BasicMethod.Nack.read(in);
            default -> null;
        };
    }

    private static @Nullable Method confirm(int methodId, ByteBuf in) {
        return switch (methodId) {
            case ConfirmMethod.Select.ID -> ConfirmMethod.Select.read(in);
            case ConfirmMethod.SelectOk.ID -> new ConfirmMethod.SelectOk();
            default -> null;
        };
    }

    private static @Nullable Method tx(int methodId) {
        return switch (methodId) {
            case TxMethod.Select.ID -> new TxMethod.Select();
            case TxMethod.Commit.ID -> new TxMethod.Commit();
            case TxMethod.Rollback.ID -> new TxMethod.Rollback();
            case TxMethod.SelectOk.ID -> new TxMethod.SelectOk();
            case TxMethod.CommitOk.ID -> new TxMethod.CommitOk();
            case TxMethod.RollbackOk.ID -> new TxMethod.RollbackOk();
            default -> null;
        };
    }
}
