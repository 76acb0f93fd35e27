"""Networks: objectives, their curvature, damped steps and the updates of the paper."""
