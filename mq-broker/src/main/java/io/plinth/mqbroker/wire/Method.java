package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** A method of AMQP 0-9-1: one sealed interface per class, one record per method. */
public sealed interface Method
        permits ConnectionMethod,
                ChannelMethod,
                AccessMethod,
                ExchangeMethod,
                QueueMethod,
                BasicMethod,
                ConfirmMethod,
                TxMethod {
    int classId();

    int methodId();

    /** Appends the arguments, without class and method id. */
    void writeArguments(ByteBuf out);
}
