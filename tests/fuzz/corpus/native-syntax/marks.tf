a="́e"
b	=	null
