@NullMarked
package io.plinth.kit.net;

import org.jspecify.annotations.NullMarked;
