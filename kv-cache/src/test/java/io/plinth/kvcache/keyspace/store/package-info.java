@NullMarked
package io.plinth.kvcache.keyspace.store;

import org.jspecify.annotations.NullMarked;
