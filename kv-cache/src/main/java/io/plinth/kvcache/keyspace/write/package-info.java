/** Changes of collections, each of which takes a locked segment and has it tell the effect; and what comes before a client is told. */
@NullMarked
package io.plinth.kvcache.keyspace.write;

import org.jspecify.annotations.NullMarked;
