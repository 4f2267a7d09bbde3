package io.plinth.dbproxy.client;

import io.netty.channel.Channel;
import io.plinth.dbproxy.database.Database;

/** A database that is no database: operators log in to it. */
public interface AdminConsole {
    /** Who may log in, under which name. */
    Database realm();

    /** Begins a conversation with an operator. */
    Conversation open(Channel channel, Database.User user, String application);
}
