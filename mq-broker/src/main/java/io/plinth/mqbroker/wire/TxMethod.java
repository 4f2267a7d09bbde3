package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class tx, which are recognised so that they can be refused. */
public sealed interface TxMethod extends Method {
    int CLASS_ID = 90;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** Would start a transaction. */
    record Select() implements TxMethod {
        static final int ID = 10;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Would commit it. */
    record Commit() implements TxMethod {
        static final int ID = 20;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Would roll it back. */
    record Rollback() implements TxMethod {
        static final int ID = 30;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }
}
