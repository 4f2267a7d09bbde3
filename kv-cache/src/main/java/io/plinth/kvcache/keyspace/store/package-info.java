/** Native memory of the keyspace: the records of keys and small strings, and the tables and queues that name them by hash. */
@NullMarked
package io.plinth.kvcache.keyspace.store;

import org.jspecify.annotations.NullMarked;
