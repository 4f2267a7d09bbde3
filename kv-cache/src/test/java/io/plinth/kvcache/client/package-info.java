@NullMarked
package io.plinth.kvcache.client;

import org.jspecify.annotations.NullMarked;
