/**
 * A database as its clients see it: its users, shards, servers and rules, and what has been planned of its SQL.
 */
@NullMarked
package io.plinth.dbproxy.database;

import org.jspecify.annotations.NullMarked;
