@NullMarked
package io.plinth.kvcache.loader;

import org.jspecify.annotations.NullMarked;
