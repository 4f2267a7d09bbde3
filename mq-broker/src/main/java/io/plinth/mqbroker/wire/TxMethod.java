package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class tx (section 1.9). */
public sealed interface TxMethod extends Method {
    int CLASS_ID = 90;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** Makes the channel transactional. */
    record Select() implements TxMethod {
        static final int ID = 10;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Ends a transaction with what it did. */
    record Commit() implements TxMethod {
        static final int ID = 20;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Ends a transaction as if it had not been. */
    record Rollback() implements TxMethod {
        static final int ID = 30;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** It started. */
    record SelectOk() implements TxMethod {
        static final int ID = 11;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** It is committed. */
    record CommitOk() implements TxMethod {
        static final int ID = 21;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** It is rolled back. */
    record RollbackOk() implements TxMethod {
        static final int ID = 31;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }
}
