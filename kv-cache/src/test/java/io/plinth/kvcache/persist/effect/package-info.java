@NullMarked
package io.plinth.kvcache.persist.effect;

import org.jspecify.annotations.NullMarked;
