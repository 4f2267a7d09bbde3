@NullMarked
package io.plinth.kvcache.keyspace;

import org.jspecify.annotations.NullMarked;
