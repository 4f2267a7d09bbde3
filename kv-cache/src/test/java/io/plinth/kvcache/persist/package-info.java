@NullMarked
package io.plinth.kvcache.persist;

import org.jspecify.annotations.NullMarked;
