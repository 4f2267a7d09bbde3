package io.plinth.dbproxy.wire;

/** Type bytes of messages that servers send. */
public final class Backend {
    public static final byte AUTHENTICATION = 'R';
    public static final byte BACKEND_KEY = 'K';
    public static final byte BIND_COMPLETE = '2';
    public static final byte CLOSE_COMPLETE = '3';
    public static final byte COMMAND_COMPLETE = 'C';
    public static final byte COPY_BOTH = 'W';
    public static final byte COPY_DATA = 'd';
    public static final byte COPY_DONE = 'c';
    public static final byte COPY_IN = 'G';
    public static final byte COPY_OUT = 'H';
    public static final byte DATA_ROW = 'D';
    public static final byte EMPTY_QUERY = 'I';
    public static final byte ERROR = 'E';
    public static final byte FUNCTION_RESULT = 'V';
    public static final byte NEGOTIATE_VERSION = 'v';
    public static final byte NO_DATA = 'n';
    public static final byte NOTICE = 'N';
    public static final byte NOTIFICATION = 'A';
    public static final byte PARAMETER_DESCRIPTION = 't';
    public static final byte PARAMETER_STATUS = 'S';
    public static final byte PARSE_COMPLETE = '1';
    public static final byte PORTAL_SUSPENDED = 's';
    public static final byte READY = 'Z';
    public static final byte ROW_DESCRIPTION = 'T';

    /** In ReadyForQuery: outside a transaction. */
    public static final byte IDLE = 'I';

    /** In ReadyForQuery: inside a transaction. */
    public static final byte IN_TRANSACTION = 'T';

    /** In ReadyForQuery: inside a transaction that has failed. */
    public static final byte FAILED = 'E';

    private Backend() {}
}
